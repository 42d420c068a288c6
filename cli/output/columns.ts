import { formatMiB } from '#core/base/units.ts'
import { clusterUidOf } from '#core/model/ids.ts'
import {
  toMs,
  type AdoptedView,
  type ClusterView,
  type GuestView,
  type HostCapacityView,
  type MachineClassView,
  type MachineView,
  type Moment,
  type NetworkView,
  type OperationView,
  type SiteView,
} from '../api/views.ts'
import { colourPhase } from '../live/words.ts'
import type { Style } from './style.ts'
import type { Column } from './table.ts'
import { sayAge } from './text.ts'

/** The tables of `lanline get` and `lanline operations`. */

interface Named {
  readonly metadata: { readonly name: string; readonly createdAt: Moment }
}
export interface Showing {
  readonly now: number
  readonly style: Style
}

const name: Column<Named> = { title: 'NAME', cell: (row) => row.metadata.name }
const age = ({ now }: Showing): Column<Named> => ({
  title: 'AGE',
  cell: (row) => sayAge(now - toMs(row.metadata.createdAt)),
})
const phaseWord =
  ({ style }: Showing) =>
  (text: string) =>
    colourPhase(text, style)

export const siteColumns = (showing: Showing): readonly Column<SiteView>[] => [
  name,
  { title: 'PHASE', cell: (site) => site.status?.phase ?? 'waiting', style: phaseWord(showing) },
  { title: 'HOSTS', cell: (site) => site.spec.hosts.length },
  { title: 'AGENT', cell: (site) => site.status?.agent?.version },
  { title: 'VMIDS', cell: (site) => site.spec.vmids, wide: true },
  age(showing),
]

export const networkColumns = (showing: Showing): readonly Column<NetworkView>[] => [
  name,
  { title: 'SITE', cell: (network) => network.spec.site },
  { title: 'CIDR', cell: (network) => network.spec.cidr },
  { title: 'GATEWAY', cell: (network) => network.spec.gateway },
  { title: 'BRIDGE', cell: (network) => network.spec.bridge },
  { title: 'VLAN', cell: (network) => network.spec.vlan, wide: true },
  age(showing),
]

export const machineClassColumns = (showing: Showing): readonly Column<MachineClassView>[] => [
  name,
  { title: 'CPU', cell: (each) => each.spec.cpu, align: 'right' },
  { title: 'MEMORY', cell: (each) => each.spec.memory, align: 'right' },
  { title: 'DISK', cell: (each) => each.spec.disks.map((disk) => disk.size).join('+'), align: 'right' },
  age(showing),
]

export const guestColumns = (showing: Showing): readonly Column<GuestView>[] => [
  name,
  { title: 'SITE', cell: (each) => each.spec.site },
  { title: 'HOST', cell: (each) => each.status?.machines?.[0]?.host ?? each.spec.host },
  { title: 'MODE', cell: (each) => each.spec.mode },
  { title: 'PHASE', cell: (each) => each.status?.phase, style: phaseWord(showing) },
  { title: 'VMID', cell: (each) => each.status?.machines?.[0]?.vmid ?? each.spec.vmid, align: 'right' },
  age(showing),
]

export const clusterColumns = (showing: Showing): readonly Column<ClusterView>[] => [
  name,
  { title: 'PHASE', cell: (cluster) => cluster.status?.phase ?? 'waiting', style: phaseWord(showing) },
  {
    title: 'READY',
    cell: ({ spec, status }) => {
      const readyCount = (status?.machines ?? []).filter((machine) => machine.phase === 'ready').length
      return `${readyCount}/${wantedCount(spec)}`
    },
  },
  { title: 'TALOS', cell: (cluster) => cluster.spec.talos.version },
  { title: 'KUBERNETES', cell: (cluster) => cluster.spec.kubernetes.version },
  { title: 'SITE', cell: (cluster) => cluster.spec.site, wide: true },
  { title: 'VIP', cell: (cluster) => cluster.spec.endpoint.vip, wide: true },
  { title: 'HOLDS', cell: (cluster) => cluster.status?.waiting.length, wide: true },
  age(showing),
]

/** How many machines a cluster asks for. */
const wantedCount = ({ controlPlane, workers = {} }: ClusterView['spec']): number =>
  Object.values(workers).reduce(
    (total, { count, machines = {} }) => total + (count ?? Object.keys(machines).length),
    Object.keys(controlPlane.machines).length,
  )

export type ClusterMachine = MachineView & { readonly cluster: string }

export const machineColumns = (showing: Showing): readonly Column<ClusterMachine>[] => [
  { title: 'CLUSTER', cell: (machine) => machine.cluster },
  { title: 'NAME', cell: (machine) => machine.name },
  { title: 'ROLE', cell: (machine) => machine.role },
  { title: 'PHASE', cell: (machine) => machine.phase, style: phaseWord(showing) },
  { title: 'ADDRESS', cell: (machine) => machine.address },
  { title: 'HOST', cell: (machine) => machine.host },
  { title: 'VMID', cell: (machine) => machine.vmid, wide: true },
  { title: 'TALOS', cell: (machine) => machine.talosVersion, wide: true },
  { title: 'KUBERNETES', cell: (machine) => machine.kubernetesVersion, wide: true },
  { title: 'ETCD', cell: (machine) => machine.etcd, wide: true },
  {
    title: 'OPERATION',
    cell: ({ operation }) =>
      operation && `${operation.kind}${operation.step === undefined ? '' : `: ${operation.step}`}`,
  },
]

/** A stand-alone guest as a row beside the machines of clusters. */
export const toMachineRow = ({ name, host, vmid, seen }: AdoptedView): ClusterMachine => ({
  cluster: '',
  name,
  role: 'adopted',
  phase: seen,
  address: '',
  host,
  vmid,
})

export type SiteHost = HostCapacityView & { readonly site: string }

export const hostColumns = (): readonly Column<SiteHost>[] => {
  const sum = (values: Readonly<Record<string, number>>) =>
    Object.values(values).reduce((total, each) => total + each, 0)
  const share = (
    title: string,
    pick: (share: SiteHost['cpu']) => number,
    wide: boolean,
  ): readonly Column<SiteHost>[] => [
    { title: `CPU ${title}`, cell: (host) => pick(host.cpu), align: 'right', wide },
    { title: `MEMORY ${title}`, cell: (host) => sayMiB(pick(host.memoryMiB)), align: 'right', wide },
  ]
  return [
    { title: 'SITE', cell: (host) => host.site },
    { title: 'NAME', cell: (host) => host.host },
    { title: 'ONLINE', cell: (host) => (host.online === undefined ? undefined : host.online ? 'yes' : 'no') },
    ...share('TOTAL', (each) => each.physical, false),
    ...share('HOST', (each) => each.host, true),
    ...share('RESERVED', (each) => sum(each.reserved), false),
    ...share('ADOPTED', (each) => each.adopted, true),
    ...share('FOREIGN', (each) => each.foreign, true),
    ...share('MANAGED', (each) => each.managed + each.inFlight, false),
    ...share('FREE', (each) => each.free, false),
  ]
}

/** Signed, because more can be promised than there is. */
const sayMiB = (mib: number): string => (mib < 0 ? `-${formatMiB(-mib)}` : formatMiB(mib))

/** Names, where the operation is about something that has one. */
const sayOperationSubject = ({ operationId, subject, cluster, input }: OperationView): string =>
  input?.name ?? (subject === clusterUidOf(operationId) ? (cluster ?? subject) : subject)

export const operationColumns = ({ now, style }: Showing): readonly Column<OperationView>[] => [
  { title: 'ID', cell: (operation) => operation.operationId },
  { title: 'CLUSTER', cell: (operation) => operation.cluster },
  { title: 'KIND', cell: (operation) => operation.kind },
  { title: 'SUBJECT', cell: sayOperationSubject },
  {
    title: 'STATE',
    cell: (operation) => (operation.unreported === true ? `${operation.state}, unreported` : operation.state),
    style: (text, { state }) =>
      state === 'failed' ? style.red(text) : state === 'succeeded' ? style.green(text) : text,
  },
  { title: 'TRY', cell: (operation) => operation.attempt, align: 'right' },
  { title: 'STEP', cell: (operation) => (operation.result ? operation.result.problem?.code : operation.step) },
  {
    title: 'DECISION',
    cell: (operation) => operation.decision ?? (operation.retryable === true ? 'needed' : undefined),
  },
  { title: 'AGE', cell: (operation) => sayAge(now - toMs(operation.createdAt)) },
]
