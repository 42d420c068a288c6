import type { ClusterView } from '#cli/api/views.ts'

/** The last line of `--json`: what a script wants to know of a demo. */
export interface Summary {
  readonly ready: boolean
  /** Why not, when not. */
  readonly reason?: string
  readonly clusters: readonly {
    readonly name: string
    readonly phase: string
    readonly nodes: readonly {
      readonly name: string
      readonly role: string
      readonly phase: string
      readonly address: string
      readonly host: string | undefined
      readonly vmid: number | undefined
      readonly etcd: string | undefined
      readonly version: string | undefined
    }[]
  }[]
  readonly operations: number
  readonly durationMs: number
  /** What the same work would be billed for, added up from the Workers' own `usage.counted` events. */
  readonly requests: {
    readonly worker: number
    readonly object: number
    readonly alarms: number
    readonly socketMessages: number
  }
  readonly rowsWritten: number
}

export function summarise(facts: {
  readonly clusters: readonly ClusterView[]
  readonly reason: string | undefined
  readonly operations: number
  readonly durationMs: number
  readonly usage: Readonly<Record<string, number>>
}): Summary {
  const { clusters, reason, operations, durationMs, usage } = facts
  const ready =
    reason === undefined && clusters.length > 0 && clusters.every((cluster) => cluster.status?.phase === 'ready')
  return {
    ready,
    ...(ready ? {} : { reason: reason ?? 'the cluster is not ready' }),
    clusters: clusters.map((cluster) => ({
      name: cluster.metadata.name,
      phase: cluster.status?.phase ?? 'waiting',
      nodes: (cluster.status?.machines ?? []).map((machine) => ({
        name: machine.name,
        role: machine.role,
        phase: machine.phase,
        address: machine.address,
        host: machine.host,
        vmid: machine.vmid,
        etcd: machine.etcd,
        version: machine.kubernetesVersion,
      })),
    })),
    operations,
    durationMs,
    requests: {
      worker: usage['request'] ?? 0,
      object: usage['object-request'] ?? 0,
      alarms: usage['alarm'] ?? 0,
      socketMessages: usage['message-in'] ?? 0,
    },
    rowsWritten: usage['rows'] ?? 0,
  }
}
