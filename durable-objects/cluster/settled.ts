import { hashOf, type Json } from '#core/base/canonical-json.ts'
import type { ClusterEvent } from '#core/model/event.ts'
import type { ClusterStatus } from '#core/model/status.ts'

/** Nothing more will happen without news: the cluster is as wanted, or gone. */
export const isSettled = (status: ClusterStatus | undefined): boolean =>
  status !== undefined && (status.phase === 'ready' || status.phase === 'gone')

export function settledEvent(
  clusterName: string,
  before: ClusterStatus | undefined,
  after: ClusterStatus,
  at: number,
): ClusterEvent[] {
  const changed = before?.phase !== after.phase || before.observedGeneration !== after.observedGeneration
  if (!isSettled(after) || !changed) return []
  return [
    {
      at,
      type: 'settled',
      subject: clusterName,
      text: `${clusterName} is ${after.phase}`,
      facts: { phase: after.phase, generation: after.observedGeneration },
    },
  ]
}

/**
 * Equal hashes mean that people would learn nothing new. The time of the last observation and the steps of running
 * operations go along when something else changes; on their own they are not worth a row.
 */
export function publishedHash(status: ClusterStatus): string {
  const { seenAt, ...rest } = status
  const machines = status.machines.map(({ operation, ...machine }) => ({
    ...machine,
    operation: operation && { operationId: operation.operationId, state: operation.state },
  }))
  return hashOf({ ...rest, machines, seen: seenAt !== undefined } as unknown as Json)
}
