import { classesOf } from '#core/model/cluster-machines.ts'
import { readScope } from '#db/scope.ts'
import { openDb } from '#db/open.ts'
import { completeDocuments } from '#core/plan/documents.ts'
import { previewCluster, type ClusterPreview } from '#core/plan/preview-cluster.ts'
import type { PlannedOperation } from '#core/plan/plan-type.ts'
import { sayHold } from '#core/model/say-hold.ts'
import {
  isManaged,
  type ClusterDocument,
  type Document,
  type ManagedDocument,
  type SiteDocument,
  type Stored,
} from '#core/model/document.ts'
import { previewStandAlone } from '#core/plan/stand-alone/preview.ts'
import { completeStandAlone } from '#core/plan/stand-alone/view.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { named } from '#core/check/documents.ts'
import { EMPTY_SEEN } from '#core/model/seen.ts'
import type { LedgerAnswer } from '#durable-objects/ports.ts'
import type { z } from '@hono/zod-openapi'
import type { PlanAnswer } from '../answers/plan.ts'
import type { ApiBindings } from '../env.ts'
import { clusterObject, siteObject } from '../objects.ts'
import { isGone } from '../check/world.ts'
import type { Proposal } from './propose.ts'
import { scopeOf } from './scope-of.ts'

type Plans = Readonly<Record<string, z.infer<typeof PlanAnswer>>>

/** What clusters and managed machines would do next if the proposal were written: first plans and the arithmetic behind them. Reads only. */
export async function previewPlans(
  env: ApiBindings,
  proposal: Proposal,
  now: number,
): Promise<{ readonly clusters: Plans; readonly machines: Plans }> {
  const brought = proposal.changes.flatMap(({ before, after }) =>
    after.kind === 'Cluster' ? [{ cluster: after, exists: before !== undefined }] : [],
  )
  const users = usersOfClasses(proposal)
  const { before, all } = await storedAround(env, proposal, users)
  const ledgers = new Map<string, Promise<LedgerAnswer>>()
  const ledgerOf = async (site: Stored<SiteDocument>): Promise<LedgerAnswer> => {
    // A site that is not stored yet has no ledger, and its object must not come to life for a preview.
    if (!before.has(site.uid)) return EMPTY_LEDGER
    const asked = ledgers.get(site.uid) ?? siteObject(env, site.uid).ledger(site.uid)
    ledgers.set(site.uid, asked)
    return await asked
  }
  const guests = proposal.changes.flatMap(({ before: old, after, action }) =>
    isManaged(after) && action !== 'unchanged' ? [{ machine: after, exists: old !== undefined }] : [],
  )
  const machinePlans = await Promise.all(
    guests.map(({ machine, exists }) =>
      previewOfMachine(env, all, exists, machine, now, ledgerOf).then((plan) => [machine.metadata.name, plan] as const),
    ),
  )
  const plans = await Promise.all(
    [...brought, ...users.map((cluster) => ({ cluster, exists: true }))].map(({ cluster, exists }) =>
      previewOf(env, all, exists, cluster, now, ledgerOf).then((plan) => [cluster.metadata.name, plan] as const),
    ),
  )
  return { clusters: found(plans), machines: found(machinePlans) }
}

const found = (plans: readonly (readonly [string, Plans[string] | undefined])[]): Plans =>
  Object.fromEntries(plans.flatMap(([name, plan]) => (plan ? [[name, plan] as const] : [])))

const EMPTY_LEDGER: LedgerAnswer = { placements: [], seen: EMPTY_SEEN, seenAt: undefined, online: false }

/** Clusters that the request does not bring, and whose machines it changes with their class. */
function usersOfClasses({ changes, world }: Proposal): readonly Stored<ClusterDocument>[] {
  const named = new Set(changes.map(({ after }) => after.uid))
  const classes = changes.flatMap(({ action, after }) =>
    after.kind === 'MachineClass' && action === 'changed' ? [after.metadata.name] : [],
  )
  return world.before.flatMap(({ stored }) =>
    stored.kind === 'Cluster' &&
    !named.has(stored.uid) &&
    stored.deletingAt === undefined &&
    classesOf(stored).some((name) => classes.includes(name))
      ? [stored]
      : [],
  )
}

async function previewOf(
  env: ApiBindings,
  all: readonly Stored[],
  exists: boolean,
  cluster: Stored<ClusterDocument>,
  now: number,
  ledgerOf: (site: Stored<SiteDocument>) => Promise<LedgerAnswer>,
) {
  const here = all.filter((stored) => 'site' in stored.spec && stored.spec.site === cluster.spec.site)
  const networks = here.filter((stored) => stored.kind === 'Network')
  const documents = completeDocuments({
    cluster,
    site: named(
      all.filter((stored) => stored.kind === 'Site'),
      cluster.spec.site,
    ),
    networks: byName(networks),
    machineClasses: byName(all.filter((stored) => stored.kind === 'MachineClass')),
  })
  if (!documents) return undefined
  const [known, memory] = await Promise.all([
    ledgerOf(documents.site),
    exists ? clusterObject(env, cluster.uid).remembered() : undefined,
  ])
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const clusters = here.filter((stored) => stored.kind === 'Cluster')
  const machines = here.filter((stored) => stored.kind === 'Machine')
  const ledger = toLedger({ site: documents.site, networks, clusters, machines }, known)
  const { seenAt, online } = known
  return toPlanAnswer(previewCluster({ now, documents, ledger, seenAt, online, memory, random }))
}

async function previewOfMachine(
  env: ApiBindings,
  all: readonly Stored[],
  exists: boolean,
  machine: Stored<ManagedDocument>,
  now: number,
  ledgerOf: (site: Stored<SiteDocument>) => Promise<LedgerAnswer>,
) {
  const here = all.filter((stored) => 'site' in stored.spec && stored.spec.site === machine.spec.site)
  const networks = here.filter((stored) => stored.kind === 'Network')
  const documents = completeStandAlone({
    machine,
    site: named(
      all.filter((stored) => stored.kind === 'Site'),
      machine.spec.site,
    ),
    networks: byName(networks),
    machineClasses: byName(all.filter((stored) => stored.kind === 'MachineClass')),
  })
  if (!documents) return undefined
  const [known, memory] = await Promise.all([
    ledgerOf(documents.site),
    exists ? clusterObject(env, machine.uid).remembered() : undefined,
  ])
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const clusters = here.filter((stored) => stored.kind === 'Cluster')
  const machines = here.filter((stored) => stored.kind === 'Machine')
  const ledger = toLedger({ site: documents.site, networks, clusters, machines }, known)
  const { seenAt, online } = known
  return toPlanAnswer(previewStandAlone({ now, documents, ledger, seenAt, online, memory, random }))
}

const byName = <D extends Document>(found: readonly D[]): Readonly<Record<string, D>> =>
  Object.fromEntries(found.map((document) => [document.metadata.name, document]))

/** Every stored document of the scope, and of that of the users of a class: which there are, and how they would be afterwards. */
async function storedAround(
  env: ApiBindings,
  { changes, world }: Proposal,
  users: readonly Stored<ClusterDocument>[],
): Promise<{ readonly before: ReadonlySet<string>; readonly all: readonly Stored[] }> {
  const theirs = users.length === 0 ? [] : (await readScope(openDb(env.DB), scopeOf(users))).documents
  const after = new Map(
    [...theirs.filter((scoped) => !isGone(scoped)), ...world.before].map(({ stored }) => [stored.uid, stored]),
  )
  const before = new Set(after.keys())
  for (const change of changes) after.set(change.after.uid, change.after)
  return { before, all: [...after.values()] }
}

function toPlanAnswer({ plan, capacity, placement }: ClusterPreview): z.infer<typeof PlanAnswer> {
  return {
    operations: plan.operations.map((operation) => ({ kind: operation.kind, subject: nameOf(operation) })),
    holds: plan.holds.map((hold) => {
      const { says, unblock } = sayHold(hold)
      return { code: hold.code, subject: hold.subject, text: says, unblock }
    }),
    findings: plan.findings.map(({ code, text }) => ({ code, text })),
    capacity: [...capacity],
    placement: placement.map(({ name, host, hosts }) => ({ machine: name, host, hosts: [...hosts] })),
  }
}

/** People know machines by name, not by id. */
const nameOf = ({ input, subject }: PlannedOperation): string =>
  'name' in input ? input.name : 'clusterName' in input ? input.clusterName : subject
