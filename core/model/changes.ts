import { canonicalJson, type Json } from '../base/canonical-json.ts'
import { machineNames, type ClusterSpec } from './cluster.ts'
import type { Document, Kind } from './document.ts'
import type { MachineClassSpec } from './machine-class.ts'
import type { NetworkSpec } from './network.ts'
import type { SiteSpec } from './site.ts'

/**
 * What of an existing object may change, and until when: a change that no operation can carry out is refused at the
 * door instead of being stored and never acted on.
 *
 *   free          at any time
 *   used          until a cluster uses the object
 *   bootstrapped  until the cluster, or a cluster that uses the object, is bootstrapped
 *   born          never, not even before: machines may already stand where the old value said
 *
 * `members` means that members may be added and changed under the rule `free`, but removed only under the rule given.
 * `entries` are those of machines: of one that comes or goes they come and go with it, of one that stays under the rule.
 */
export type ChangeRule =
  | 'free'
  | 'used'
  | 'bootstrapped'
  | 'born'
  | { readonly members: 'used' }
  | { readonly entries: 'bootstrapped' }

const CLUSTER: { readonly [K in keyof Omit<ClusterSpec, 'controlPlane'>]-?: ChangeRule } & {
  readonly controlPlane: { readonly [K in keyof ClusterSpec['controlPlane']]-?: ChangeRule }
} = {
  site: 'born',
  talos: 'bootstrapped',
  kubernetes: 'bootstrapped',
  nodeNetwork: 'bootstrapped',
  endpoint: 'bootstrapped',
  controlPlane: {
    class: 'bootstrapped',
    schedulable: 'bootstrapped',
    machines: 'free',
    patches: 'bootstrapped',
    nodeLabels: 'bootstrapped',
    nodeTaints: 'bootstrapped',
    nodeAnnotations: 'bootstrapped',
  },
  machinePatches: { entries: 'bootstrapped' },
}

const SITE: { readonly [K in keyof SiteSpec]-?: ChangeRule } = {
  provider: 'used',
  vmids: 'used',
  hosts: { members: 'used' },
}

const NETWORK: { readonly [K in keyof NetworkSpec]-?: ChangeRule } = {
  site: 'bootstrapped',
  bridge: 'bootstrapped',
  cidr: 'bootstrapped',
  gateway: 'bootstrapped',
  reserved: 'free',
  nameservers: 'bootstrapped',
}

const MACHINE_CLASS: { readonly [K in keyof MachineClassSpec]-?: ChangeRule } = {
  cpu: 'bootstrapped',
  memory: 'bootstrapped',
  disks: 'bootstrapped',
}

const { controlPlane, ...clusterFields } = CLUSTER

/** By dotted path within `spec`. */
export const CHANGE_RULES: Readonly<Record<Kind, Readonly<Record<string, ChangeRule>>>> = {
  Site: SITE,
  Network: NETWORK,
  MachineClass: MACHINE_CLASS,
  Cluster: {
    ...clusterFields,
    ...Object.fromEntries(Object.entries(controlPlane).map(([key, rule]) => [`controlPlane.${key}`, rule])),
  },
}

/** Who depends on an object; of a cluster it is the cluster itself. Names, for people. */
export interface ChangeUse {
  readonly usedBy: readonly string[]
  readonly bootstrapped: readonly string[]
}

export interface UnsupportedChange {
  /** Within the document, down to the value that differs, as in `['spec', 'talos', 'version']`. */
  readonly path: readonly (string | number)[]
  readonly rule: 'used' | 'bootstrapped' | 'born'
  /** The clusters because of which it is refused. */
  readonly because: readonly string[]
}

/** Both documents are of one kind and name. [] when every difference may be carried out. */
export function unsupportedChanges(before: Document, after: Document, use: ChangeUse): readonly UnsupportedChange[] {
  return Object.entries(CHANGE_RULES[after.kind]).flatMap(([field, rule]) => {
    const path = ['spec', ...field.split('.')]
    const [old, fresh] = [valueAt(before, path), valueAt(after, path)]
    if (rule === 'free' || same(old, fresh)) return []
    if (typeof rule === 'object' && 'entries' in rule)
      return use.bootstrapped.length > 0
        ? staying(before, after)
            .filter((name) => !same(valueAt(old, [name]), valueAt(fresh, [name])))
            .map((name) => refused([...path, name], rule.entries, use))
        : []
    if (typeof rule === 'object')
      return removed(old, fresh) && use.usedBy.length > 0 ? [refused(path, rule.members, use)] : []
    if (rule === 'born') return [{ path, rule, because: [] }]
    const because = rule === 'used' ? use.usedBy : use.bootstrapped
    return because.length > 0 ? [refused([...path, ...difference(old, fresh)], rule, use)] : []
  })
}

const refused = (
  path: readonly (string | number)[],
  rule: 'used' | 'bootstrapped',
  use: ChangeUse,
): UnsupportedChange => ({ path, rule, because: rule === 'used' ? use.usedBy : use.bootstrapped })

/** Machines that a cluster has and keeps. */
function staying(before: Document, after: Document): readonly string[] {
  if (before.kind !== 'Cluster' || after.kind !== 'Cluster') return []
  const kept = new Set(machineNames(after.spec))
  return machineNames(before.spec).filter((name) => kept.has(name))
}

/** Whether a named member of the old list is missing in the new one. */
function removed(old: unknown, fresh: unknown): boolean {
  const names = (list: unknown) => (Array.isArray(list) ? list.map((member) => valueAt(member, ['name'])) : [])
  const kept = new Set(names(fresh))
  return names(old).some((name) => !kept.has(name))
}

/** The way down to the first value that differs, as far as both sides are objects. */
function difference(old: unknown, fresh: unknown): readonly string[] {
  if (!isObject(old) || !isObject(fresh)) return []
  const key = [...new Set([...Object.keys(fresh), ...Object.keys(old)])].find(
    (candidate) => !same(valueAt(old, [candidate]), valueAt(fresh, [candidate])),
  )
  return key === undefined ? [] : [key, ...difference(valueAt(old, [key]), valueAt(fresh, [key]))]
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const same = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b)
const textOf = (value: unknown): string => (value === undefined ? '' : canonicalJson(value as Json))

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  )
}
