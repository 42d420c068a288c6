import { EMPTY_SEEN, type SiteSeen } from '#core/model/seen.ts'
import type { SiteSeenMessage } from '#core/protocol/site-seen.ts'
import { difference } from './difference.ts'
import { toParts } from './parts.ts'

/**
 * Tells the cloud what it does not know yet (rule S27): a full copy once a session is ready, then only changes, at
 * most one a second while operations run and one in 30 s else, and nothing at all while nothing changes. Turns that a
 * quiet site did not use are saved, some of them, so that news of it does not wait: only what keeps on changing does.
 * In front of an operation's result the change goes out at once, so that the cloud never plans on a result whose effect
 * it cannot see.
 */
export interface Publisher {
  /** A session is ready: it knows nothing. */
  open(send: (message: SiteSeenMessage) => void): void
  close(): void
  /** The newest observation; `urgent` skips the wait for the next turn. */
  offer(seen: SiteSeen, urgent?: boolean): void
  stop(): void
}

const BUSY_GAP_MS = 1_000
const QUIET_GAP_MS = 30_000
/** What the nodes of a new cluster have to tell between their last operation and being ready, twice over. */
const SAVED_TURNS = 20

export function createPublisher(deps: { readonly now: () => number; readonly busy: () => boolean }): Publisher {
  let send: ((message: SiteSeenMessage) => void) | undefined
  let known: SiteSeen | undefined
  let latest: SiteSeen | undefined
  let sentAt = -Infinity
  let turns = SAVED_TURNS
  let savedAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  /** While operations run, turns cost nothing. */
  function gapMs(): number {
    const now = deps.now()
    turns = Math.min(SAVED_TURNS, turns + Math.max(0, now - savedAt) / QUIET_GAP_MS)
    savedAt = now
    if (deps.busy() || turns >= 1) return BUSY_GAP_MS
    return Math.max(BUSY_GAP_MS, now - sentAt + (1 - turns) * QUIET_GAP_MS)
  }

  function publish(urgent: boolean): void {
    if (!send || !latest) return
    const changes = difference(known ?? EMPTY_SEEN, latest)
    if (known && changes.length === 0) return
    const waitMs = sentAt + gapMs() - deps.now()
    if (known && waitMs > 0 && !urgent) {
      clearTimeout(timer)
      timer = setTimeout(() => publish(false), waitMs)
      return
    }
    clearTimeout(timer)
    const full = known === undefined
    known = latest
    sentAt = deps.now()
    if (!deps.busy() && !full) turns = Math.max(0, turns - 1)
    for (const part of toParts(changes, full)) send(part)
  }

  return {
    open(to) {
      send = to
      known = undefined
      publish(true)
    },
    close() {
      send = undefined
      clearTimeout(timer)
    },
    offer(seen, urgent = false) {
      latest = seen
      publish(urgent)
    },
    stop() {
      send = undefined
      clearTimeout(timer)
    },
  }
}
