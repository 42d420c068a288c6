import { finding, type Finding } from '../check/finding.ts'
import { sayScope, roleAt, type Place, type Scope } from './grant.ts'
import { grantsOf, type PolicySpec, type Subject } from './policy.ts'
import { includes } from './role.ts'

/** What a policy is judged against: what exists now, by name. */
export interface PolicyWorld {
  readonly sites: ReadonlySet<string>
  /** Site of each cluster. */
  readonly clusters: ReadonlyMap<string, string>
  readonly serviceAccounts: ReadonlySet<string>
}

/**
 * Everything that is wrong with a policy: names that lead nowhere, tests that do not hold, nobody left who could change
 * it. Empty means that it may be accepted.
 */
export function checkPolicy(policy: PolicySpec, world: PolicyWorld): readonly Finding[] {
  const missing = checkNames(policy, world)
  // Tests about things that do not exist would only repeat it.
  if (missing.length > 0) return missing
  return [...checkTests(policy, world), ...checkAdmin(policy)]
}

function checkNames({ bindings, tests }: PolicySpec, world: PolicyWorld): readonly Finding[] {
  const scopes = [
    ...bindings.map(({ on }, index) => ({ on, path: ['bindings', index, 'on'] })),
    ...tests.flatMap(({ may = [], mayNot = [] }, index) => [
      ...may.map(({ on }, at) => ({ on, path: ['tests', index, 'may', at, 'on'] })),
      ...mayNot.map(({ on }, at) => ({ on, path: ['tests', index, 'mayNot', at, 'on'] })),
    ]),
  ]
  const missing = (path: (string | number)[], what: string) =>
    finding(path, `there is no ${what}`, { code: 'reference-missing' })
  return [
    ...scopes.filter(({ on }) => !exists(on, world)).map(({ on, path }) => missing(path, sayScope(on))),
    ...bindings.flatMap(({ to }, index) =>
      'serviceAccount' in to && !world.serviceAccounts.has(to.serviceAccount)
        ? [missing(['bindings', index, 'to', 'serviceAccount'], `service account ${to.serviceAccount}`)]
        : [],
    ),
  ]
}

const exists = (on: Scope, { sites, clusters }: PolicyWorld): boolean =>
  on === 'everything' || ('site' in on ? sites.has(on.site) : clusters.has(on.cluster))

function checkTests({ bindings, tests }: PolicySpec, world: PolicyWorld): readonly Finding[] {
  return tests.flatMap(({ as, may = [], mayNot = [] }, index) => {
    const subject: Subject = {
      users: as.user === undefined ? [] : [as.user],
      groups: as.groups ?? [],
      serviceAccount: as.serviceAccount,
    }
    const rights = { grants: grantsOf(subject, bindings) }
    const holds = ({ role, on }: { role: 'reader' | 'operator' | 'admin'; on: Scope }) =>
      includes(roleAt(rights, placeOf(on, world)), role)
    const failed = (list: 'may' | 'mayNot', at: number, says: string) =>
      finding(['tests', index, list, at], says, { code: 'policy-test-failed' })
    return [
      ...may.flatMap((one, at) =>
        holds(one) ? [] : [failed('may', at, `would not be ${one.role} on ${sayScope(one.on)}`)],
      ),
      ...mayNot.flatMap((one, at) =>
        holds(one) ? [failed('mayNot', at, `would be ${one.role} on ${sayScope(one.on)}`)] : [],
      ),
    ]
  })
}

/** To be something on a cluster is also to be it by way of its site. */
function placeOf(on: Scope, { clusters }: PolicyWorld): Place {
  if (on === 'everything') return {}
  return 'site' in on ? on : { cluster: on.cluster, site: clusters.get(on.cluster) }
}

const checkAdmin = ({ bindings }: PolicySpec): readonly Finding[] =>
  bindings.some(({ role, on }) => role === 'admin' && on === 'everything')
    ? []
    : [finding(['bindings'], 'nobody would be admin on everything', { code: 'policy-locks-out' })]
