import { canonicalJson, type Json } from '../base/canonical-json.ts'
import { machineNames } from './cluster-machines.ts'
import type { ClusterSpec } from './cluster.ts'
import type { Document, Kind } from './document.ts'
import type { MachineClassSpec } from './machine-class.ts'
import type { MachineSpec } from './machine.ts'
import type { NetworkSpec } from './network.ts'
import type { SiteSpec } from './site.ts'
import type { WorkerSet } from './worker-set.ts'

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
 * `each` are the rules for the fields of entries that stay; entries come and go freely.
 */
export type ChangeRule =
  | 'free'
  | 'used'
  | 'bootstrapped'
  | 'born'
  | { readonly members: 'used' }
  | { readonly entries: 'bootstrapped' }
  | { readonly each: Readonly<Record<string, 'free' | 'bootstrapped'>> }

/** Workers come and go at any time, by number or by name; what they are is what they were born with. */
const WORKER_SET: { readonly [K in keyof WorkerSet]-?: 'free' | 'bootstrapped' } = {
  class: 'bootstrapped',
  nics: 'bootstrapped',
  nodeLabels: 'bootstrapped',
  nodeTaints: 'bootstrapped',
  nodeAnnotations: 'bootstrapped',
  patches: 'bootstrapped',
  drawFrom: 'bootstrapped',
  count: 'free',
  machines: 'free',
}

const CLUSTER: { readonly [K in keyof Omit<ClusterSpec, 'controlPlane'>]-?: ChangeRule } & {
  readonly controlPlane: { readonly [K in keyof ClusterSpec['controlPlane']]-?: ChangeRule }
} = {
  site: 'born',
  access: 'free',
  talos: 'bootstrapped',
  kubernetes: 'bootstrapped',
  nodeNetwork: 'bootstrapped',
  endpoint: 'bootstrapped',
  controlPlane: {
    class: 'bootstrapped',
    schedulable: 'bootstrapped',
    machines: 'free',
    nics: 'bootstrapped',
    drawFrom: 'bootstrapped',
    patches: 'bootstrapped',
    nodeLabels: 'bootstrapped',
    nodeTaints: 'bootstrapped',
    nodeAnnotations: 'bootstrapped',
  },
  workers: { each: WORKER_SET },
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
  vlan: 'bootstrapped',
  mtu: 'bootstrapped',
  cidr: 'bootstrapped',
  gateway: 'bootstrapped',
  isolated: 'bootstrapped',
  reserved: 'free',
  pools: 'free',
  nameservers: 'bootstrapped',
}

const MACHINE_CLASS: { readonly [K in keyof MachineClassSpec]-?: ChangeRule } = {
  cpu: 'bootstrapped',
  cpuType: 'bootstrapped',
  numa: 'bootstrapped',
  memory: 'bootstrapped',
  firmware: 'bootstrapped',
  tpm: 'bootstrapped',
  disks: 'bootstrapped',
  devices: 'bootstrapped',
  onboot: 'bootstrapped',
  protection: 'bootstrapped',
  tags: 'bootstrapped',
  // They choose the host of machines to come; those that have one stay there.
  where: 'free',
  pins: 'free',
}

/** Nothing is done to a guest that somebody else keeps, so everything that is said of it may change. */
const MACHINE: { readonly [K in keyof MachineSpec]-?: ChangeRule } = {
  site: 'free',
  host: 'free',
  guest: 'free',
  mode: 'free',
  vmid: 'free',
  cpu: 'free',
  memory: 'free',
  devices: 'free',
  nics: 'free',
  drawFrom: 'free',
}

const { controlPlane, ...clusterFields } = CLUSTER

/** By dotted path within `spec`. */
export const CHANGE_RULES: Readonly<Record<Kind, Readonly<Record<string, ChangeRule>>>> = {
  Site: SITE,
  Network: NETWORK,
  MachineClass: MACHINE_CLASS,
  Machine: MACHINE,
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
    if (typeof rule === 'object' && 'each' in rule)
      return use.bootstrapped.length > 0 ? entryChanges(path, rule.each, old, fresh, use) : []
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
  const kept = new Set(machineNames(after))
  return machineNames(before).filter((name) => kept.has(name))
}

/** Fields that differ in entries which are in both. */
function entryChanges(
  path: readonly string[],
  rules: Readonly<Record<string, 'free' | 'bootstrapped'>>,
  old: unknown,
  fresh: unknown,
  use: ChangeUse,
): readonly UnsupportedChange[] {
  if (!isObject(old) || !isObject(fresh)) return []
  return Object.keys(fresh).flatMap((entry) => {
    if (!Object.hasOwn(old, entry)) return []
    return Object.entries(rules).flatMap(([field, rule]) => {
      const [before, after] = [valueAt(old, [entry, field]), valueAt(fresh, [entry, field])]
      return rule === 'free' || same(before, after)
        ? []
        : [refused([...path, entry, field, ...difference(before, after)], rule, use)]
    })
  })
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
