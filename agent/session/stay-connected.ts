import type { Logger } from '../log.ts'
import { realClock } from '../clock.ts'
import { nextDial, type Ending } from './next-dial.ts'
import type { Session } from './session.ts'
import type { ControlSocket, Dial } from './socket.ts'

/** Keeps one session alive for as long as this process lives; reconnecting is its normal path (rule S22). */
export interface Link {
  /** The session, once it has a socket. */
  session(): Session | undefined
  state(): LinkState
  /** Says goodbye and dials no more. */
  stop(reason: string): Promise<void>
}

export type LinkState =
  | {
      readonly link: 'connected'
      readonly since: number
      readonly epoch: number | undefined
      readonly standingBehind?: string | undefined
    }
  | { readonly link: 'dialling'; readonly since: number; readonly failureCount: number; readonly lastEnding?: string }
  | { readonly link: 'waiting-for-a-person'; readonly since: number; readonly why: string }

export interface LinkDeps {
  readonly dial: Dial
  readonly start: (socket: ControlSocket) => Session
  readonly log: Logger
  readonly random: () => number
  /** The relay told its time: later door tokens are dated by it. */
  readonly onServerTime: (serverTimeMs: number) => void
  readonly onState: (state: LinkState) => void
}

/** A session that held this long was a good one: the next cut is treated as the first. */
const HELD_MS = 30_000
/** How long to wait for the other side's goodbye. */
const FAREWELL_MS = 500
/** How often the log repeats that nothing will happen without a person. */
const REMIND_MS = 60_000

export function stayConnected(deps: LinkDeps): Link {
  const { log } = deps
  const stopped = new AbortController()
  let session: Session | undefined
  let state: LinkState = { link: 'dialling', since: Date.now(), failureCount: 0 }
  let failureCount = 0

  function become(next: LinkState): void {
    state = next
    deps.onState(next)
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const ending = await connectOnce()
      if (stopped.signal.aborted) return
      const next = nextDial(ending, failureCount, deps.random())
      if (next.wait === 'person') return remindUntilStopped(next.why)
      become({ link: 'dialling', since: Date.now(), failureCount, lastEnding: sayEnding(ending) })
      log.info({ event: 'session.ended', ending: sayEnding(ending), failureCount, nextDialMs: next.ms })
      await realClock.sleep(next.ms, stopped.signal)
    }
  }

  async function connectOnce(): Promise<Ending> {
    failureCount += 1
    const earlyFrames: string[] = []
    let closed: (ending: { code: number; reason: string }) => void = () => undefined
    const close = new Promise<{ code: number; reason: string }>((resolve) => {
      closed = resolve
    })
    const dialled = await deps.dial({
      message: (frame) => (session ? session.frame(frame) : earlyFrames.push(frame)),
      closed: (code, reason) => closed({ code, reason }),
    })
    if (!dialled.ok) {
      if (dialled.error.serverTimeMs !== undefined) deps.onServerTime(dialled.error.serverTimeMs)
      return { how: 'not-opened', failure: dialled.error }
    }
    const socket = dialled.value
    if (stopped.signal.aborted) socket.terminate()

    const openedAt = Date.now()
    const current = deps.start(socket)
    session = current
    become({ link: 'connected', since: openedAt, epoch: undefined })
    for (const frame of earlyFrames) current.frame(frame)

    const { code, reason } = await close
    const taken = current.epoch() !== undefined || current.standingBehind() !== undefined
    const held = taken && Date.now() - openedAt >= HELD_MS
    const rejected = current.rejected()
    current.closed()
    session = undefined
    if (held) failureCount = 1
    return rejected ? { how: 'rejected', reject: rejected } : { how: 'closed', code, reason }
  }

  async function remindUntilStopped(why: string): Promise<void> {
    become({ link: 'waiting-for-a-person', since: Date.now(), why })
    while (!stopped.signal.aborted) {
      log.error({ event: 'session.refused', why })
      await realClock.sleep(REMIND_MS, stopped.signal)
    }
  }

  const running = run()
  return {
    session: () => session,
    state: () =>
      state.link === 'connected'
        ? { ...state, epoch: session?.epoch(), standingBehind: session?.standingBehind() }
        : state,
    async stop(reason) {
      stopped.abort()
      session?.leave(reason)
      await Promise.race([running, realClock.sleep(FAREWELL_MS)])
    },
  }
}

function sayEnding(ending: Ending): string {
  switch (ending.how) {
    case 'not-opened':
      return ending.failure.code === 'agent-pending'
        ? 'waiting until an admin has compared the fingerprint: lanline agent approve SITE FINGERPRINT'
        : ending.failure.text
    case 'rejected':
      return `rejected: ${ending.reject.code}`
    case 'closed':
      return `closed: ${ending.code} ${ending.reason}`.trim()
  }
}
