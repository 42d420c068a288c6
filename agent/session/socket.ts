import type { Result } from '#core/base/result.ts'

/** The control socket as a session sees it; a WebSocket in life, a hand-flushed pair in tests. */
export interface ControlSocket {
  /** Puts a text frame on its way. Frames arrive in order or not at all. */
  send(frame: string): void
  close(code: number, reason: string): void
  /** Gives the connection up without a farewell. `closed` follows. */
  terminate(): void
  /** Bytes accepted by `send` that have not left yet. */
  queuedBytes(): number
}

export interface SocketEvents {
  message(frame: string): void
  /** Exactly once, last. */
  closed(code: number, reason: string): void
}

/** Why a socket could not be opened. */
export interface DialFailure {
  readonly text: string
  /** HTTP status of the door, when it answered at all. */
  readonly status?: number | undefined
  /** Problem code of the door's answer. */
  readonly code?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** Told to an agent whose clock is off. */
  readonly serverTimeMs?: number | undefined
}

export type Dial = (events: SocketEvents) => Promise<Result<ControlSocket, DialFailure>>
