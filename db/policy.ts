import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { PolicyWorld } from '#core/access/check-policy.ts'
import { PolicyTest, type Binding, type PolicySpec, type PolicySubject } from '#core/access/policy.ts'
import { Role } from '#core/access/role.ts'
import { err, ok, type Result } from '#core/base/result.ts'
import { auditStatement, type Actor } from './audit.ts'
import type { Db } from './open.ts'
import { nameOfScope, toScope } from './rights.ts'
import { policies, roleBindings } from './schema.ts'

/**
 * The policy: bindings by uid, tests by name. A binding to something that is gone is not shown and gives nothing, so
 * that writing the policy back never hands it to a successor.
 */
export interface StoredPolicy extends PolicySpec {
  /** 0 while nobody has written one. */
  readonly generation: number
  readonly updatedAt: number | undefined
}

/** Uids behind the names a policy uses; checked by core/access/check-policy.ts before it is written. */
export interface PolicyUids extends PolicyWorld {
  readonly siteUids: ReadonlyMap<string, string>
  readonly clusterUids: ReadonlyMap<string, string>
  readonly serviceAccountUids: ReadonlyMap<string, string>
}

const BindingRow = z.object({
  subject_kind: z.enum(['user', 'group', 'service-account']),
  subject: z.string(),
  account: z.string().nullable(),
  role: Role,
  scope_kind: z.enum(['everything', 'site', 'cluster']),
  scope_name: z.string().nullable(),
})

/** More documents than any deployment has; a policy beyond them could not be judged whole. */
const MAX_NAMES = 5_000

export async function readPolicy(db: Db): Promise<StoredPolicy> {
  const [head] = await db.select().from(policies)
  const rows = await db.all(sql`
    select subject_kind, subject, role, scope_kind,
      (select name from service_accounts where service_accounts.uid = role_bindings.subject) as account,
      ${nameOfScope(sql`role_bindings.scope_uid`)} as scope_name
    from role_bindings order by subject_kind, subject, role, scope_kind, scope_uid`)
  return {
    bindings: rows.flatMap(toBinding),
    tests: head ? z.parse(z.array(PolicyTest), head.tests) : [],
    generation: head?.generation ?? 0,
    updatedAt: head?.updatedAt,
  }
}

/** What exists, by name, for judging a policy and for finding the uids behind it. */
export async function readPolicyWorld(db: Db): Promise<PolicyUids> {
  const Named = z.object({ kind: z.string(), name: z.string(), uid: z.string(), site: z.string().nullable() })
  const rows = await db.all(sql`
    select kind, name, uid, spec ->> '$.site' as site from documents
    where kind in ('Site', 'Cluster') and not exists (
      select 1 from statuses where statuses.uid = documents.uid and statuses.phase = 'gone')
    union all select 'ServiceAccount', name, uid, null from service_accounts limit ${MAX_NAMES + 1}`)
  if (rows.length > MAX_NAMES) throw new Error(`invariant broken: more than ${MAX_NAMES} names a policy could use`)
  const found = rows.map((row) => Named.parse(row))
  const uidsOf = (kind: string) => new Map(found.filter((one) => one.kind === kind).map(({ name, uid }) => [name, uid]))
  const [siteUids, clusterUids, serviceAccountUids] = [uidsOf('Site'), uidsOf('Cluster'), uidsOf('ServiceAccount')]
  return {
    sites: new Set(siteUids.keys()),
    clusters: new Map(found.flatMap(({ kind, name, site }) => (kind === 'Cluster' ? [[name, site ?? '']] : []))),
    serviceAccounts: new Set(serviceAccountUids.keys()),
    siteUids,
    clusterUids,
    serviceAccountUids,
  }
}

/** Replaces the policy while it is still the one of `basedOn`; else `lost`, and nothing is written. */
export async function writePolicy(
  db: Db,
  policy: PolicySpec,
  { basedOn, uids }: { readonly basedOn: number; readonly uids: PolicyUids },
  actor: Actor,
): Promise<Result<number, 'lost'>> {
  const generation = basedOn + 1
  try {
    await db.batch([
      // json() of a text that is not JSON is an error, and an error rolls the whole D1 batch back.
      db
        .select({ held: sql`iif(${currentGeneration} = ${basedOn}, 1, json('policy changed'))`.as('held') })
        .from(sql`(select 1)`),
      db.delete(roleBindings),
      bindingsStatement(db, policy.bindings, uids),
      policyStatement(db, generation, policy.tests, actor.at),
      auditStatement(db, actor, [
        {
          action: 'policy.changed',
          kind: 'Policy',
          name: 'policy',
          uid: 'policy',
          generation,
          facts: { bindingCount: policy.bindings.length },
        },
      ]),
    ])
    return ok(generation)
  } catch (fault) {
    if ((await readPolicy(db)).generation === basedOn) throw fault
    return err('lost')
  }
}

const currentGeneration = sql`(select coalesce(max(generation), 0) from policies)`

export const policyStatement = (db: Db, generation: number, tests: readonly PolicyTest[], at: number) => {
  const values = { generation, tests: [...tests], updatedAt: at }
  return db
    .insert(policies)
    .values({ id: 1, ...values })
    .onConflictDoUpdate({ target: policies.id, set: values })
}

/** One statement and one parameter, however many bindings. */
export function bindingsStatement(db: Db, bindings: readonly Binding[], uids: PolicyUids) {
  const rows = bindings.map(({ role, on, to }) => ({
    ...subjectOf(to, uids),
    role,
    scopeKind: on === 'everything' ? on : 'site' in on ? 'site' : 'cluster',
    scopeUid: on === 'everything' ? '' : 'site' in on ? uids.siteUids.get(on.site) : uids.clusterUids.get(on.cluster),
  }))
  return db
    .insert(roleBindings)
    .select(
      sql`select value ->> 'kind', value ->> 'name', value ->> 'role', value ->> 'scopeKind', value ->> 'scopeUid'
          from json_each(${JSON.stringify(rows)}) where true`,
    )
    .onConflictDoNothing()
}

function subjectOf(to: PolicySubject, { serviceAccountUids }: PolicyUids) {
  if ('user' in to) return { kind: 'user', name: to.user }
  if ('group' in to) return { kind: 'group', name: to.group }
  return { kind: 'service-account', name: serviceAccountUids.get(to.serviceAccount) }
}

function toBinding(row: unknown): readonly Binding[] {
  const found = BindingRow.parse(row)
  const on = toScope(found.scope_kind, found.scope_name)
  const to = toSubject(found)
  return on && to ? [{ role: found.role, on, to }] : []
}

function toSubject({ subject_kind, subject, account }: z.infer<typeof BindingRow>): PolicySubject | undefined {
  if (subject_kind === 'user') return { user: subject }
  if (subject_kind === 'group') return { group: subject }
  return account === null ? undefined : { serviceAccount: account }
}
