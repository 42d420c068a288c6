import { readAttachment } from './attachment.ts'
import type { After } from './conversation.ts'
import type { Desk } from './desk.ts'
import type { Link } from './link.ts'

/**
 * Closes the sockets of one agent, or of all when none is named. The lead passes when it was theirs, and work that only
 * they could have finished goes on with the next leader.
 */
export function expel(
  link: Link,
  { store, conversation }: Desk,
  { agentId, code, reason }: { readonly agentId: string | undefined; readonly code: number; readonly reason: string },
): After {
  const now = Date.now()
  const leader = link.leader(store)?.attachment.agentId
  for (const socket of link.sockets())
    if (agentId === undefined || readAttachment(socket).agentId === agentId) link.over(socket, code, reason)
  const led = agentId === undefined || leader === undefined || leader === agentId
  const after = led ? conversation.lost(now) : {}
  conversation.reclaim(now)
  conversation.offer(now)
  return { ...after, tell: true, publish: true }
}
