import type { ClusterSpec } from './cluster.ts'
import type { NodeSettings } from './talos-settings.ts'
import { nicOf, type NicOptions, type WorkerSet } from './worker-set.ts'

/** Every machine that a cluster's document asks for: the one place that knows how they are called and what they are. */
export interface AskedMachine {
  readonly name: string
  readonly role: 'controlplane' | 'worker'
  /** Name of its worker set; control planes are in none. */
  readonly set: string | undefined
  readonly class: string
  /** The first one is on the node network. */
  readonly nics: readonly AskedNic[]
  readonly drawFrom: string | undefined
  /** Of the control planes or of its set. */
  readonly settings: NodeSettings
  /** Where the document asks for it. */
  readonly path: readonly (string | number)[]
}

export interface AskedNic extends Omit<NicOptions, 'macs'> {
  /** Absent when the site shall give one. */
  readonly address: string | undefined
  /** Upper case; absent when the site shall draw one. */
  readonly mac?: string | undefined
}

type Asking = { readonly metadata: { readonly name: string }; readonly spec: ClusterSpec }

/** All machines of a cluster together; what the agent observes of one goes in one message. */
export const MAX_CLUSTER_MACHINES = 260

export function machinesAsked(cluster: Asking): readonly AskedMachine[] {
  const { controlPlane, workers = {} } = cluster.spec
  const settings = settingsOf(controlPlane)
  return [
    ...Object.entries(controlPlane.machines).map(([name, address]): AskedMachine => ({
      name,
      role: 'controlplane',
      set: undefined,
      class: controlPlane.class,
      nics: nicsOf(cluster, name, controlPlane.nics, address),
      drawFrom: controlPlane.drawFrom,
      settings,
      path: ['spec', 'controlPlane', 'machines', name],
    })),
    ...Object.entries(workers).flatMap(([set, wanted]) => workersOf(cluster, set, wanted)),
  ]
}

/** Every machine that a document names, counted ones included. */
export const machineNames = (cluster: Asking): readonly string[] => machinesAsked(cluster).map(({ name }) => name)

/** The networks that a cluster's machines are on, the node network first. */
export const networksOf = ({ spec }: Pick<Asking, 'spec'>): readonly string[] => [
  ...new Set([
    spec.nodeNetwork,
    ...[spec.controlPlane.nics ?? [], ...Object.values(spec.workers ?? {}).map(({ nics = [] }) => nics)].flatMap(
      (nics) => nics.map((nic) => nicOf(nic).network),
    ),
  ]),
]

export const classesOf = ({ spec }: Pick<Asking, 'spec'>): readonly string[] => [
  ...new Set([spec.controlPlane.class, ...Object.values(spec.workers ?? {}).map((set) => set.class)]),
]

const settingsOf = ({ nodeLabels, nodeTaints, nodeAnnotations, patches }: NodeSettings): NodeSettings => ({
  nodeLabels,
  nodeTaints,
  nodeAnnotations,
  patches,
})

function workersOf(cluster: Asking, set: string, wanted: WorkerSet): readonly AskedMachine[] {
  const path = ['spec', 'workers', set]
  const settings = settingsOf(wanted)
  const worker = (name: string, given: string | Readonly<Record<string, string>>, at: readonly string[]) => ({
    name,
    role: 'worker' as const,
    set,
    class: wanted.class,
    nics: nicsOf(cluster, name, wanted.nics, given),
    drawFrom: wanted.drawFrom,
    settings,
    path: [...path, ...at],
  })
  const counted = Array.from({ length: wanted.count ?? 0 }, (_, index) =>
    worker(`${cluster.metadata.name}-${set}-${index}`, {}, ['count']),
  )
  const named = Object.entries(wanted.machines ?? {}).map(([name, given]) => worker(name, given, ['machines', name]))
  return [...counted, ...named]
}

function nicsOf(
  { spec }: Asking,
  name: string,
  chosen: WorkerSet['nics'],
  given: string | Readonly<Record<string, string>>,
): readonly AskedNic[] {
  const addresses = typeof given === 'string' ? { [spec.nodeNetwork]: given } : given
  return (chosen ?? [spec.nodeNetwork]).map(nicOf).map(({ macs, ...nic }) => {
    const mac = macs?.[name]?.toUpperCase()
    return { ...nic, address: addresses[nic.network], ...(mac === undefined ? {} : { mac }) }
  })
}
