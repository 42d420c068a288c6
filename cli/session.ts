import { ok, type Result } from '#core/base/result.ts'
import { openApi, type Api } from './api/client.ts'
import { toFailure, type ApiError } from './api/problem.ts'
import { findConnection, type ConnectionFlags } from './config/connection.ts'
import type { ExitCode } from './exit-codes.ts'
import { EXIT } from './exit-codes.ts'
import type { Failure } from './failure.ts'
import type { Io } from './io.ts'

/** What a command works with: where it speaks, and the API once it asks for it. */
export interface Session {
  readonly io: Io
  readonly connect: () => Promise<Result<Api, Failure>>
}

export type Act = (session: Session) => Promise<Result<void, Failure>>

/** Runs one command; commander's actions end in it. */
export type Run = (act: Act) => Promise<void>

export function createRun(io: Io, flags: () => ConnectionFlags, onExit: (code: ExitCode) => void): Run {
  return async (act) => {
    const connect = async (): Promise<Result<Api, Failure>> => {
      const connection = await findConnection(flags(), io.env, io.style)
      return connection.ok ? ok(openApi(connection.value, io.signal)) : connection
    }
    const result = await act({ io, connect })
    if (result.ok) return onExit(EXIT.ok)
    for (const line of result.error.lines) io.say(line)
    onExit(result.error.exit)
  }
}

/** The failure of a call, ready to return from a command. */
export const failed = (io: Io, error: ApiError): { readonly ok: false; readonly error: Failure } => ({
  ok: false,
  error: toFailure(error, io.style),
})
