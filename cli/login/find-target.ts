import { ok, type Result } from '#core/base/result.ts'
import type { Secret } from '#core/base/secret.ts'
import { findConnection, toConnection, type ConnectionFlags } from '../config/connection.ts'
import type { Failure } from '../failure.ts'
import type { Io } from '../io.ts'

/** Where somebody wants to log in: a context of the file, or a URL that becomes one. */
export interface LoginTarget {
  readonly name: string
  readonly url: string
  /** A token that is there already, as the bootstrap token of a first login. */
  readonly token: Secret<string> | undefined
}

/** A URL that is given is named by `--context`, else by its host. */
export async function findLoginTarget(io: Io, flags: ConnectionFlags): Promise<Result<LoginTarget, Failure>> {
  const url = flags.url ?? (io.env['LANLINE_URL'] || undefined)
  if (url === undefined) return await findConnection(flags, io.env, io.style)
  const token = flags.token ?? (io.env['LANLINE_TOKEN'] || undefined)
  const found = toConnection(url, token, flags.context)
  if (!found.ok) return found
  // Contexts are named by letters, digits and hyphens.
  const name = flags.context ?? found.value.name.replaceAll('.', '-').slice(0, 40)
  return ok({ ...found.value, name })
}
