import { timestamp, type ObjectDraft } from './objects.ts'

/** What a kubelet says of its node when it registers. */
export interface NodeFacts {
  readonly name: string
  readonly address: string
  readonly uuid: string
  readonly bootId: string
  readonly cores: number
  readonly memoryMiB: number
  /** Without `v`. */
  readonly kubeletVersion: string
  readonly talosVersion: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  readonly podCidr: string
}

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}

export type Readiness =
  | { readonly status: 'True' }
  | { readonly status: 'False'; readonly message: string }
  /** The node stopped talking. */
  | { readonly status: 'Unknown' }

/** Taints the node controller puts on while a node cannot run pods. */
const READINESS_TAINT: Readonly<Record<Readiness['status'], readonly Taint[]>> = {
  True: [],
  False: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }],
  Unknown: [
    { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
  ],
}
const CONTAINERD = 'containerd://2.2.3'
const KERNEL = '6.18.35-talos'
/** What the system keeps for itself, in MiB. */
const RESERVED_MIB = 400
const MAX_PODS = '110'

export function nodeObject(facts: NodeFacts, readiness: Readiness, cordoned: boolean, since: number): ObjectDraft {
  const at = timestamp(since)
  const taints: Taint[] = [
    ...facts.taints,
    ...READINESS_TAINT[readiness.status],
    ...(cordoned ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : []),
  ]
  const memory = (mib: number) => `${mib * 1024}Ki`
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: facts.name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': facts.name,
        'kubernetes.io/os': 'linux',
        ...facts.labels,
      },
      annotations: { ...facts.annotations, 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: {
      podCIDR: facts.podCidr,
      podCIDRs: [facts.podCidr],
      ...(taints.length > 0 ? { taints } : {}),
      ...(cordoned ? { unschedulable: true } : {}),
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: facts.address },
        { type: 'Hostname', address: facts.name },
      ],
      capacity: { cpu: String(facts.cores), memory: memory(facts.memoryMiB), pods: MAX_PODS },
      allocatable: {
        cpu: `${facts.cores * 1000 - 50}m`,
        memory: memory(facts.memoryMiB - RESERVED_MIB),
        pods: MAX_PODS,
      },
      conditions: conditions(readiness, at),
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
      nodeInfo: {
        architecture: 'amd64',
        bootID: facts.bootId,
        containerRuntimeVersion: CONTAINERD,
        kernelVersion: KERNEL,
        kubeProxyVersion: '',
        kubeletVersion: `v${facts.kubeletVersion}`,
        machineID: facts.uuid.replaceAll('-', ''),
        operatingSystem: 'linux',
        osImage: `Talos (${facts.talosVersion})`,
        systemUUID: facts.uuid,
      },
    },
  }
}

function conditions(readiness: Readiness, at: string): readonly Record<string, string>[] {
  const times = { lastHeartbeatTime: at, lastTransitionTime: at }
  if (readiness.status === 'Unknown') {
    const lost = {
      status: 'Unknown',
      ...times,
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    }
    return ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({ type, ...lost }))
  }
  const calm = (type: string, reason: string) => ({ type, status: 'False', ...times, reason, message: '' })
  return [
    calm('MemoryPressure', 'KubeletHasSufficientMemory'),
    calm('DiskPressure', 'KubeletHasNoDiskPressure'),
    calm('PIDPressure', 'KubeletHasSufficientPID'),
    readiness.status === 'True'
      ? { type: 'Ready', status: 'True', ...times, reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { type: 'Ready', status: 'False', ...times, reason: 'KubeletNotReady', message: readiness.message },
  ]
}
