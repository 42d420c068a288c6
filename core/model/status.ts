import type { Hold } from './hold.ts'
import type { OperationKind, OperationState } from './operation.ts'
import type { Facts } from './problem.ts'

/** Phases are a pure function of wanted, seen and operations; the functions are in core/plan/status.ts. */
export const CLUSTER_PHASES = ['waiting', 'creating', 'ready', 'changing', 'degraded', 'deleting', 'gone'] as const
export type ClusterPhase = (typeof CLUSTER_PHASES)[number]

export const MACHINE_PHASES = [
  'planned',
  'reserved',
  'created',
  'running',
  'maintenance',
  'configured',
  'joined',
  'ready',
  'lost',
  'leaving',
  'gone',
] as const
export type MachinePhase = (typeof MACHINE_PHASES)[number]

export interface MachineStatus {
  readonly name: string
  readonly machineId: string
  readonly role: 'controlplane' | 'worker'
  readonly phase: MachinePhase
  readonly address: string
  readonly host?: string | undefined
  readonly vmid?: number | undefined
  readonly talosVersion?: string | undefined
  readonly kubernetesVersion?: string | undefined
  readonly etcd?: 'leader' | 'member' | 'learner' | 'unhealthy' | undefined
  /** The open operation of this machine, if there is one. */
  readonly operation?:
    | {
        readonly operationId: string
        readonly kind: OperationKind
        readonly state: OperationState
        readonly step?: string | undefined
        readonly since: number
      }
    | undefined
}

/** Something worth knowing that does not make anything wait. */
export interface Finding {
  readonly code:
    | 'fits-exactly'
    | 'fits'
    | 'control-planes-share-host'
    | 'control-planes-share-storage'
    | 'host-failure-costs-quorum'
    | 'left-behind'
    | 'restart-planned'
    | 'drift'
    | 'agent-cloned'
    | 'hypervisor-unseen'
    | 'secrets-revealed'
  readonly text: string
  readonly facts: Facts
}

export interface ClusterStatus {
  readonly phase: ClusterPhase
  /** The generation this status was computed for. */
  readonly observedGeneration: number
  /** Once etcd is bootstrapped, fields that no operation can change are fixed. */
  readonly bootstrapped: boolean
  /** The Talos minor that the cluster was created with, as in `1.13`; an upgrade does not raise it. */
  readonly talosContract?: string | undefined
  readonly machines: readonly MachineStatus[]
  /** Why the cluster waits. Empty when it is ready. */
  readonly waiting: readonly Hold[]
  readonly findings: readonly Finding[]
  /** Epoch ms of the last observation of the site, absent when there was none. */
  readonly seenAt?: number | undefined
}

/** What a Site object publishes: little, and only when it changes. */
export interface SiteStatus {
  readonly phase: 'waiting' | 'connected' | 'offline'
  readonly agent?: { readonly agentId: string; readonly version: string; readonly since: number } | undefined
  /** Agents that wait for the lead; absent when there are none. */
  readonly standby?: readonly string[] | undefined
  readonly findings?: readonly Finding[] | undefined
  readonly hosts: readonly {
    readonly name: string
    readonly online: boolean
    readonly threads: number
    readonly memoryMiB: number
    readonly version: string
  }[]
}
