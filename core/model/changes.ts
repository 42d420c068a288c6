import { machineNames } from './cluster-machines.ts'
import type { ClusterSpec } from './cluster.ts'
import { difference, isObject, onlyGrow, same, valueAt } from './document-values.ts'
import type { Document, Kind } from './document.ts'
import type { MachineClassSpec } from './machine-class.ts'
import type { AdoptedSpec, ManagedSpec } from './machine.ts'
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
 *   made          until a managed machine of the class is made: nodes are changed in place, other machines are not
 *   born          never, not even before: machines may already stand where the old value said
 *
 * `members` means that members may be added and changed under the rule `free`, but removed only under the rule given.
 * `entries` are those of machines: of one that comes or goes they come and go with it, of one that stays under the rule.
 * `each` are the rules for the fields of entries that stay; entries come and go freely.
 * `node` until a bootstrapped cluster has its nodes on the network: moved one by one, they would lose each other
 * `disks` only grow once that holds, and nothing else of them changes; not at all once `made` holds.
 * `class` is the name of a machine class: another one will do when that class itself might have become it.
 */
export type ChangeRule =
  | FieldRule
  | 'node'
  | 'used'
  | 'born'
  | { readonly members: 'used' }
  | { readonly entries: 'bootstrapped' }
  | { readonly each: Readonly<Record<string, FieldRule>> }
  | { readonly disks: 'bootstrapped' }

type FieldRule = 'free' | 'made' | 'bootstrapped' | { readonly class: 'bootstrapped' }

/** Workers come and go at any time, by number or by name; what they are is what they were born with, but for their size. */
const WORKER_SET: { readonly [K in keyof WorkerSet]-?: FieldRule } = {
  class: { class: 'bootstrapped' },
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
    class: { class: 'bootstrapped' },
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
  // Read anew for each removal.
  drain: 'free',
  drift: 'free',
}

const SITE: { readonly [K in keyof SiteSpec]-?: ChangeRule } = {
  provider: 'used',
  vmids: 'used',
  hosts: { members: 'used' },
}

const NETWORK: { readonly [K in keyof NetworkSpec]-?: ChangeRule } = {
  site: 'bootstrapped',
  bridge: 'bootstrapped',
  vlan: 'node',
  mtu: 'bootstrapped',
  cidr: 'bootstrapped',
  gateway: 'bootstrapped',
  addressing: 'bootstrapped',
  isolated: 'bootstrapped',
  reserved: 'free',
  pools: 'free',
  nameservers: 'bootstrapped',
}

/** What `MachineShape` holds is changed in place (P20). */
const MACHINE_CLASS: { readonly [K in keyof MachineClassSpec]-?: ChangeRule } = {
  cpu: 'made',
  cpuType: 'made',
  numa: 'made',
  memory: 'made',
  firmware: 'bootstrapped',
  secureBoot: 'bootstrapped',
  tpm: 'bootstrapped',
  disks: { disks: 'bootstrapped' },
  devices: 'bootstrapped',
  onboot: 'made',
  protection: 'made',
  tags: 'made',
  pool: 'bootstrapped',
  // They choose the host of machines to come; those that have one stay there.
  where: 'free',
  pins: 'free',
}

/**
 * Nothing is done to a guest that somebody else keeps, so everything that is said of it may change. One that Lanline
 * keeps is what it was made as; before it is made it is bootstrapped by nobody.
 */
const MACHINE: { readonly [K in keyof AdoptedSpec | keyof ManagedSpec]-?: ChangeRule } = {
  site: 'bootstrapped',
  host: 'bootstrapped',
  guest: 'free',
  mode: 'born',
  class: 'bootstrapped',
  boot: 'bootstrapped',
  guestAgent: 'bootstrapped',
  vmid: 'free',
  cpu: 'free',
  memory: 'free',
  devices: 'free',
  nics: 'bootstrapped',
  drawFrom: 'bootstrapped',
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
  /** Managed machines that use it and are made. */
  readonly made?: readonly string[] | undefined
  /** Of those that are bootstrapped, the ones that have their nodes on the network; all of them when it is not said. */
  readonly nodes?: readonly string[] | undefined
  /** Classes as they were and as they would be, by name; without them no class can take the place of another. */
  readonly classes?: ClassesInChange | undefined
}

export interface ClassesInChange {
  before(name: string): MachineClassSpec | undefined
  after(name: string): MachineClassSpec | undefined
}

export interface UnsupportedChange {
  /** Within the document, down to the value that differs, as in `['spec', 'talos', 'version']`. */
  readonly path: readonly (string | number)[]
  readonly rule: 'used' | 'bootstrapped' | 'made' | 'born'
  /** The clusters or machines because of which it is refused. */
  readonly because: readonly string[]
  /** Of a class that cannot take the place of another: the fields in which it would have to be like it. */
  readonly differs?: readonly string[] | undefined
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
    if (typeof rule === 'object' && 'class' in rule)
      return use.bootstrapped.length > 0 ? classChange(path, old, fresh, use) : []
    if (typeof rule === 'object' && 'disks' in rule)
      return because(use, 'made').length > 0
        ? [refused(path, 'made', use)]
        : use.bootstrapped.length > 0 && !onlyGrow(old, fresh)
          ? [refused(path, rule.disks, use)]
          : []
    if (typeof rule === 'object')
      return removed(old, fresh) && use.usedBy.length > 0 ? [refused(path, rule.members, use)] : []
    if (rule === 'born') return [{ path, rule, because: [] }]
    if (rule === 'node') {
      const nodes = use.nodes ?? use.bootstrapped
      return nodes.length > 0 ? [{ path, rule: 'bootstrapped', because: nodes }] : []
    }
    return because(use, rule).length > 0 ? [refused([...path, ...difference(old, fresh)], rule, use)] : []
  })
}

const refused = (
  path: readonly (string | number)[],
  rule: 'used' | 'bootstrapped' | 'made',
  use: ChangeUse,
): UnsupportedChange => ({ path, rule, because: because(use, rule) })

const because = (use: ChangeUse, rule: 'used' | 'bootstrapped' | 'made'): readonly string[] =>
  rule === 'used' ? use.usedBy : rule === 'made' ? (use.made ?? []) : use.bootstrapped

/** Machines become what another class says when their own class could have said so. */
function classChange(
  path: readonly (string | number)[],
  old: unknown,
  fresh: unknown,
  use: ChangeUse,
): readonly UnsupportedChange[] {
  const [before, after] = [use.classes?.before(String(old)), use.classes?.after(String(fresh))]
  const differs =
    before && after
      ? Object.entries(MACHINE_CLASS).flatMap(([field, rule]) => {
          const [was, is] = [valueAt(before, [field]), valueAt(after, [field])]
          const ok =
            rule === 'free' || rule === 'made' || same(was, is) || (typeof rule === 'object' && onlyGrow(was, is))
          return ok ? [] : [field]
        })
      : undefined
  return differs?.length === 0 ? [] : [{ ...refused(path, 'bootstrapped', use), differs }]
}

/** Machines that a cluster has and keeps. */
function staying(before: Document, after: Document): readonly string[] {
  if (before.kind !== 'Cluster' || after.kind !== 'Cluster') return []
  const kept = new Set(machineNames(after))
  return machineNames(before).filter((name) => kept.has(name))
}

/** Fields that differ in entries which are in both. */
function entryChanges(
  path: readonly string[],
  rules: Readonly<Record<string, FieldRule>>,
  old: unknown,
  fresh: unknown,
  use: ChangeUse,
): readonly UnsupportedChange[] {
  if (!isObject(old) || !isObject(fresh)) return []
  return Object.keys(fresh).flatMap((entry) => {
    if (!Object.hasOwn(old, entry)) return []
    return Object.entries(rules).flatMap(([field, rule]) => {
      const [before, after] = [valueAt(old, [entry, field]), valueAt(fresh, [entry, field])]
      if (rule === 'free' || same(before, after)) return []
      const at = [...path, entry, field]
      return typeof rule === 'object'
        ? classChange(at, before, after, use)
        : [refused([...at, ...difference(before, after)], rule, use)]
    })
  })
}

/** Whether a named member of the old list is missing in the new one. */
function removed(old: unknown, fresh: unknown): boolean {
  const names = (list: unknown) => (Array.isArray(list) ? list.map((member) => valueAt(member, ['name'])) : [])
  const kept = new Set(names(fresh))
  return names(old).some((name) => !kept.has(name))
}
