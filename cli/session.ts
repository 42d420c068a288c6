import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { openApi, type Api } from './api/client.ts'
import { toFailure, type ApiError } from './api/problem.ts'
import { findConnection, type ConnectionFlags } from './config/connection.ts'
import type { ExitCode } from './exit-codes.ts'
import { EXIT } from './exit-codes.ts'
import type { Failure } from './failure.ts'
import type { Io } from './io.ts'
import { loginDeps } from './login/login-deps.ts'
import { currentSession } from './login/session-token.ts'

/** What a command works with: where it speaks, and the API once it asks for it. */
export interface Session {
  readonly io: Io
  readonly connect: () => Promise<Result<Api, Failure>>
  /** What the command line says about where the API is; for the commands that log in. */
  readonly flags: ConnectionFlags
}

export type Act = (session: Session) => Promise<Result<void, Failure>>

/** Runs one command; commander's actions end in it. */
export type Run = (act: Act) => Promise<void>

export function createRun(io: Io, flags: () => ConnectionFlags, onExit: (code: ExitCode) => void): Run {
  return async (act) => {
    const connect = async (): Promise<Result<Api, Failure>> => {
      const connection = await findConnection(flags(), io.env, io.style)
      if (!connection.ok) return connection
      const { url, name, context, token } = connection.value
      if (token) return ok(openApi({ url, name, context, token }, io.signal))
      const session = await currentSession({ name, url }, loginDeps(io), io.style, io.signal)
      return session.ok ? ok(openApi({ url, name, context, token: new Secret(session.value) }, io.signal)) : session
    }
    const result = await act({ io, connect, flags: flags() })
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
