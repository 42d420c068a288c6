import { isOpen, type Operation, type OperationKind } from '../model/operation.ts'
import { contractOfCluster } from '../talos/cluster-contract.ts'
import type { ClusterView, MachineView } from './view.ts'

/** Questions about a view that several rules ask, each answered in one place. */

export const openOperations = (view: Pick<ClusterView, 'operations'>, subject: string): readonly Operation[] =>
  view.operations.filter((operation) => operation.subject === subject && isOpen(operation.state))

export const succeeded = (
  view: Pick<ClusterView, 'operations'>,
  kind: OperationKind,
  subject: string,
): Operation | undefined =>
  view.operations
    .filter((operation) => operation.kind === kind && operation.subject === subject && operation.state === 'succeeded')
    .toSorted((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0))[0]

/** Whether an agent may ever have acted on the machine: an operation of its own left the queue. */
export const mayExist = (view: Pick<ClusterView, 'operations'>, machine: MachineView): boolean =>
  (machine.seen !== undefined && machine.seen.power !== 'absent' && machine.seen.power !== 'unknown') ||
  view.operations.some(
    (operation) =>
      operation.subject === machine.machineId &&
      operation.kind === 'machine.create' &&
      (operation.startedAt !== undefined || operation.state === 'offered' || operation.state === 'running'),
  )

/** A control plane that etcd counts, as far as is seen. */
export const isMember = (machine: MachineView): boolean => machine.seen?.etcd !== undefined

/**
 * A control plane that etcd may count without our seeing it: configured when etcd was started, or since. One that does
 * not answer is still a member to the others.
 */
export const mayBeMember = (view: ClusterView, machine: MachineView): boolean =>
  isMember(machine) ||
  (machine.role === 'controlplane' && view.bootstrap !== undefined && machine.seen?.intentHash !== undefined)

export const isHealthyMember = (machine: MachineView): boolean =>
  machine.seen?.etcd !== undefined && machine.seen.etcd.healthy && !machine.seen.etcd.learner

export const isReady = (machine: MachineView): boolean =>
  machine.seen?.power === 'on' &&
  machine.seen.stage === 'running' &&
  machine.node?.ready === true &&
  (machine.role === 'worker' || isHealthyMember(machine))

/** The first thing that keeps a machine from being ready, in the order in which they come to be. */
export function sayUnready({ seen, node, role }: MachineView): string {
  if (!seen || seen.power === 'absent') return 'not made yet'
  if (seen.power === 'unknown') return 'nobody knows whether it is there'
  if (seen.power === 'off') return 'powered off'
  if (seen.stage === 'unreachable') return 'Talos does not answer'
  if (seen.stage === 'foreign') return 'another machine answers on its address'
  if (seen.stage !== 'running') return `Talos is in stage ${seen.stage}`
  if (role === 'controlplane' && !seen.etcd) return 'not a member of etcd yet'
  if (role === 'controlplane' && seen.etcd?.learner) return 'still learning in etcd'
  if (role === 'controlplane' && !seen.etcd?.healthy) return 'its etcd member is not healthy'
  return node ? 'its Kubernetes node is not ready' : 'no Kubernetes node yet'
}

export const quorumOf = (memberCount: number): number => Math.floor(memberCount / 2) + 1

/** What its leaving would leave behind, when that is too little for etcd (P2); undefined when it may go. */
export function quorumRisk(
  view: ClusterView,
  leaver: MachineView,
): { readonly healthyCount: number; readonly memberCount: number } | undefined {
  const staying = view.machines.filter((machine) => machine !== leaver && mayBeMember(view, machine))
  const healthyCount = staying.filter(isHealthyMember).length
  return healthyCount < quorumOf(staying.length) || staying.length === 0
    ? { healthyCount, memberCount: staying.length }
    : undefined
}

/** The cluster has once passed its health gate as a whole. */
export const hasSettled = (view: ClusterView): boolean =>
  view.operations.some((operation) => operation.kind === 'cluster.check' && operation.state === 'succeeded')

/** Numeric order of dotted addresses, so that .9 comes before .10 and the choice of the bootstrap node is stable. */
export function byAddress(a: { address: string }, b: { address: string }): number {
  const value = (address: string) => address.split('.').reduce((total, octet) => total * 256 + Number(octet), 0)
  return value(a.address) - value(b.address)
}

/** The Talos contract that the cluster has now; undefined for a Talos that we do not know. */
export const contractOf = ({ cluster, contract, bootstrap }: ClusterView): string | undefined =>
  contractOfCluster({
    talosVersion: cluster.spec.talos.version,
    stored: contract,
    bootstrapped: bootstrap !== undefined,
  })
