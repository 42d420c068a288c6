import { z } from 'zod'
import { Name } from '../model/ids.ts'
import { includes, lesser, type Role } from './role.ts'

/** Where a role holds: on the whole deployment, on a site with all that is in it, or on one cluster. */
export const Scope = z.union([
  z.literal('everything'),
  z.strictObject({ site: Name }),
  z.strictObject({ cluster: Name }),
])
export type Scope = z.infer<typeof Scope>

export interface Grant {
  readonly role: Role
  readonly on: Scope
}

/** Where a thing is. Nothing given: it belongs to the whole deployment, as a machine class does. */
export interface Place {
  readonly site?: string | undefined
  readonly cluster?: string | undefined
}

/** The rights of one caller: what was granted, and the bounds of the credential in use. */
export interface Rights {
  readonly grants: readonly Grant[]
  /** A token may say that it is good for less than its owner. */
  readonly limit?: Grant | undefined
}

/** The greatest role held there; undefined when there is none, and then the thing does not exist for the caller. */
export function roleAt({ grants, limit }: Rights, place: Place): Role | undefined {
  const granted = greatest(grants, place)
  if (granted === undefined || limit === undefined) return granted
  const allowed = greatest([limit], place)
  return allowed === undefined ? undefined : lesser(granted, allowed)
}

/** Whether there is anything at all that the caller may look at. */
export const mayAnything = ({ grants }: Rights): boolean => grants.length > 0

/** What lists show: everything, or what is in these sites and these clusters. All of them must agree. */
export type Visible = 'everything' | { readonly sites: readonly string[]; readonly clusters: readonly string[] }

export const visibleTo = ({ grants, limit }: Rights): readonly Visible[] =>
  [grants, ...(limit ? [[limit]] : [])].map(visibleBy)

function visibleBy(grants: readonly Grant[]): Visible {
  if (grants.some(({ on }) => on === 'everything')) return 'everything'
  return {
    sites: grants.flatMap(({ on }) => (on !== 'everything' && 'site' in on ? [on.site] : [])),
    clusters: grants.flatMap(({ on }) => (on !== 'everything' && 'cluster' in on ? [on.cluster] : [])),
  }
}

const greatest = (grants: readonly Grant[], place: Place): Role | undefined =>
  grants
    .filter(({ on }) => covers(on, place))
    .map(({ role }) => role)
    .reduce<Role | undefined>((best, role) => (best !== undefined && includes(best, role) ? best : role), undefined)

function covers(on: Scope, { site, cluster }: Place): boolean {
  if (on === 'everything') return true
  return 'site' in on ? on.site === site : on.cluster === cluster
}

export const sayScope = (on: Scope): string =>
  on === 'everything' ? 'everything' : 'site' in on ? `site/${on.site}` : `cluster/${on.cluster}`
