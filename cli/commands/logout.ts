import type { Command } from 'commander'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { openApi } from '../api/client.ts'
import type { Failure } from '../failure.ts'
import { findLoginTarget } from '../login/find-target.ts'
import { loginDeps } from '../login/login-deps.ts'
import { loginPath, readLogin, removeLogin } from '../login/login-file.ts'
import type { Run, Session } from '../session.ts'

/** `lanline logout`: the session ends at the API, and the login is taken from this machine whatever the API says. */
export function registerLogout(program: Command, run: Run): void {
  program
    .command('logout')
    .description('end the session of a context and forget the login')
    .action(() => run((session) => logout(session)))
}

async function logout({ io, flags }: Session): Promise<Result<void, Failure>> {
  const target = await findLoginTarget(io, flags)
  if (!target.ok) return target
  const { name } = target.value
  const path = loginPath(loginDeps(io).folder, name)
  const login = await readLogin(path)
  if (login.ok && login.value?.session) {
    const { url, session } = login.value
    const api = openApi({ url, name, token: new Secret(session.token) }, io.signal)
    const ended = await api.call({ method: 'DELETE', path: '/v1/sessions/current', answer: z.unknown() })
    if (!ended.ok && ended.error.kind === 'no-answer')
      io.say('The API did not answer; the session there ends by itself.')
  }
  io.say((await removeLogin(path)) ? `Logged out of ${name}.` : `Nobody was logged in to ${name}.`)
  return ok(undefined)
}
