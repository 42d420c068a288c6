import type { OpsSnapshot } from '#core/protocol/ops-snapshot.ts'
import type { Mail } from './mailbox.ts'

export interface Comparison {
  readonly cancel: readonly string[]
  readonly resend: readonly string[]
  readonly forget: readonly string[]
  /** The agent has them: their accept was lost, or they come back into sight. */
  readonly accepted: readonly Mail[]
  /** The agent does not have them: they are offered again with the same attempt. */
  readonly requeue: readonly Mail[]
  /** The agent does not have them and nobody wants them any more. */
  readonly cancelled: readonly Mail[]
}

/**
 * Both operation tables beside each other.
 *
 *   S5  After a reconnect an accepted operation is neither lost nor done twice: what the agent has stays its own, what
 *       it finished is asked for again, what it does not have goes back into the queue.
 *
 * What another agent has accepted is its own, although this one lacks it (S12).
 *
 * Mail that is finished here needs nothing: its outcome is durable and its ack follows.
 */
export function compareSnapshot(
  agents: OpsSnapshot['operations'],
  mail: readonly Mail[],
  isElsewhere: (item: Mail) => boolean = () => false,
): Comparison {
  const ours = new Map(mail.map((item) => [item.operationId, item]))
  const theirs = new Map(agents.map((item) => [item.operationId, item]))
  const matches = (item: OpsSnapshot['operations'][number]) => ours.get(item.operationId)?.attempt === item.attempt

  const unknown = agents.filter((item) => !matches(item))
  const shared = agents.filter(matches)
  const unfinished = mail.filter((item) => item.state !== 'finished')
  const withAgent = unfinished.filter((item) => theirs.get(item.operationId)?.attempt === item.attempt)
  const without = unfinished.filter(
    (item) => theirs.get(item.operationId)?.attempt !== item.attempt && !isElsewhere(item),
  )
  return {
    cancel: [
      ...unknown.filter((item) => item.state === 'running').map((item) => item.operationId),
      ...withAgent.filter((item) => item.cancelling).map((item) => item.operationId),
    ],
    resend: shared
      .filter((item) => item.state === 'finished' && ours.get(item.operationId)?.state !== 'finished')
      .map((item) => item.operationId),
    // A running one is acknowledged when its cancellation is reported; its journal is not taken away under it.
    forget: unknown.filter((item) => item.state === 'finished').map((item) => item.operationId),
    accepted: withAgent,
    requeue: without.filter((item) => !item.cancelling && item.state !== 'queued'),
    cancelled: without.filter((item) => item.cancelling),
  }
}
