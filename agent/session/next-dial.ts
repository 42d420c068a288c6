import { CLOSE_CODES } from '#core/protocol/version.ts'
import type { Reject } from '#core/protocol/reject.ts'
import type { DialFailure } from './socket.ts'

/**
 * When to dial again after a connection ended (rule S22): for ever, soon at first, never as a herd, and as slowly as the
 * cloud asks. Only what a person must mend stops the dialling.
 */
export type Ending =
  | { readonly how: 'not-opened'; readonly failure: DialFailure }
  | { readonly how: 'rejected'; readonly reject: Reject }
  | { readonly how: 'closed'; readonly code: number; readonly reason: string }

export type NextDial = { readonly wait: 'ms'; readonly ms: number } | { readonly wait: 'person'; readonly why: string }

/** Most cuts are over at once: a deploy of the relay, a Wi-Fi hiccup. */
const FAST_TRIES = 3
const FAST_MS = 200
const FAST_JITTER = 0.5
const SLOW_FLOOR_MS = 1_000
const SLOW_CEILING_MS = 30_000
/** Each failed login is a paid request, and no login mends itself within seconds. */
const LOGIN_REFUSED_MS = 5 * 60_000
/** While an admin compares the fingerprint. */
const PENDING_FLOOR_MS = 5_000
const PENDING_EAGER = 12
const PENDING_CEILING_MS = 5 * 60_000
/** Someone installs a new agent, or deploys an older relay again. */
const UPGRADE_CHECK_MS = 10 * 60_000
/** Two agents with one key must not throw each other out in turns. */
const SUPERSEDED_MS = 30_000

/**
 * @param failureCount ends in a row before which no session held, this one included; 1 or more
 * @param random a number from 0 to below 1
 */
export function nextDial(ending: Ending, failureCount: number, random: number): NextDial {
  switch (ending.how) {
    case 'not-opened': {
      const { failure } = ending
      // The clock has been corrected by the answer: the next token is good.
      if (failure.serverTimeMs !== undefined) return ms(backoff(failureCount, random))
      if (failure.retryAfterMs !== undefined) return ms(jittered(failure.retryAfterMs, random))
      if (failure.code === 'agent-pending') return ms(pendingWait(failureCount, random))
      if (failure.status === 401 || failure.status === 403) return ms(jittered(LOGIN_REFUSED_MS, random))
      if (failure.status === 426) return ms(jittered(UPGRADE_CHECK_MS, random))
      return ms(backoff(failureCount, random))
    }
    case 'rejected': {
      const { code, text, retryAfterMs } = ending.reject
      if (retryAfterMs !== undefined) return ms(jittered(retryAfterMs, random))
      if (code === 'upgrade-required') return ms(jittered(UPGRADE_CHECK_MS, random))
      if (code === 'slow-down') return ms(jittered(SLOW_CEILING_MS, random))
      return { wait: 'person', why: `the cloud refuses this agent: ${code}. ${text}` }
    }
    case 'closed':
      switch (ending.code) {
        case CLOSE_CODES.revoked:
          return {
            wait: 'person',
            why: 'this agent has been revoked; enrol this machine anew with another --state-dir',
          }
        case CLOSE_CODES.unauthenticated:
          return ms(jittered(LOGIN_REFUSED_MS, random))
        case CLOSE_CODES.superseded:
          return ms(jittered(SUPERSEDED_MS, random))
        case CLOSE_CODES.upgradeRequired:
          return ms(jittered(UPGRADE_CHECK_MS, random))
        case CLOSE_CODES.slowDown:
          return ms(jittered(SLOW_CEILING_MS, random))
        default:
          return ms(backoff(failureCount, random))
      }
  }
}

/** A person compares a fingerprint within minutes; later each look is only a paid request. */
const pendingWait = (failureCount: number, random: number): number =>
  jittered(Math.min(PENDING_CEILING_MS, PENDING_FLOOR_MS * 1.5 ** Math.max(0, failureCount - PENDING_EAGER)), random)

const ms = (value: number): NextDial => ({ wait: 'ms', ms: Math.round(value) })

/** At least what was asked for, at most half as much again. */
const jittered = (value: number, random: number): number => value * (1 + random / 2)

function backoff(failureCount: number, random: number): number {
  if (failureCount <= FAST_TRIES) return FAST_MS * (1 - FAST_JITTER + 2 * FAST_JITTER * random)
  const ceiling = Math.min(SLOW_CEILING_MS, SLOW_FLOOR_MS * 2 ** Math.min(failureCount - FAST_TRIES, 10))
  return SLOW_FLOOR_MS + (ceiling - SLOW_FLOOR_MS) * random
}
