import type { ClusterEvent } from '#core/model/event.ts'
import { isOpen, type Operation } from '#core/model/operation.ts'

/** What an operation is about, as people call it: the machine, the host, or the cluster. */
export function subjectName(operation: Operation, clusterName: string | undefined): string {
  const input = operation.input
  if ('name' in input) return input.name
  if ('host' in input) return input.host
  return clusterName ?? operation.subject
}

/** The line an operation's change adds to the story; a change between waiting states adds none. */
export function operationEvent(operation: Operation, at: number, clusterName: string | undefined): ClusterEvent[] {
  if (operation.state === 'queued' || operation.state === 'offered') return []
  const failure = operation.result?.outcome === 'failed' ? operation.result.problem.code : undefined
  const word = isOpen(operation.state) ? (operation.unreported ? 'out of sight' : 'started') : operation.state
  const subject = subjectName(operation, clusterName)
  return [
    {
      at,
      type: 'operation',
      subject,
      text: `${subject}: ${operation.kind} ${word}${failure ? ` (${failure})` : ''}`,
      facts: {
        operationId: operation.operationId,
        kind: operation.kind,
        state: operation.state,
        attempt: operation.attempt,
        ...(failure ? { problem: failure } : {}),
      },
    },
  ]
}
