import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { openApi } from '../api/client.ts'
import { toFailure } from '../api/problem.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Style } from '../output/style.ts'
import { withFileLock } from './file-lock.ts'
import { currentLogin, type LoginDeps } from './identity.ts'
import { loginPath, readLogin, writeLogin } from './login-file.ts'

/** What the API gives for an identity token. */
export const SessionView = z.object({ token: z.string(), name: z.string(), expiresAt: z.iso.datetime() })
export type SessionView = z.infer<typeof SessionView>

/** A session that ends sooner is renewed first; a command may wait for its answer for half a minute. */
const MIN_LEFT_MS = 60_000

export interface Target {
  /** Of the context; it names the login file. */
  readonly name: string
  readonly url: string
}

/**
 * The session token of whoever is logged in to a context; renewed by way of the identity provider when it has run out.
 * Safe to repeat. Exit code 4: nobody is logged in, or not to this API.
 */
export async function currentSession(
  target: Target,
  deps: LoginDeps,
  style: Style,
  signal: AbortSignal,
): Promise<Result<string, Failure>> {
  const path = loginPath(deps.folder, target.name)
  const kept = await readLogin(path)
  if (!kept.ok) return kept
  if (!kept.value) return fail(EXIT.login, `Nobody is logged in to "${target.name}".`, 'Run lanline login.')
  // The token of one API is never shown to another.
  if (kept.value.url !== target.url)
    return fail(EXIT.login, `The login of "${target.name}" is for ${kept.value.url}.`, 'Run lanline login.')
  const { session } = kept.value
  if (session && session.expiresAt - deps.now() >= MIN_LEFT_MS) return ok(session.token)
  const login = await currentLogin(target.name, deps)
  if (!login.ok) return login
  const made = await exchange(target, login.value.idToken, style, signal)
  if (!made.ok) return made
  await withFileLock(`${path}.lock`, deps, async () => {
    // The identity token may have been renewed meanwhile; only the session is ours to write.
    const now = await readLogin(path)
    const base = now.ok && now.value ? now.value : login.value
    const { token, expiresAt } = made.value
    await writeLogin(path, { ...base, session: { token, expiresAt: Date.parse(expiresAt) } })
  })
  return ok(made.value.token)
}

/** `bootstrap`: makes this person the first admin, with the token that was printed at the first deploy. */
export async function exchange(
  { url, name }: Target,
  idToken: string,
  style: Style,
  signal: AbortSignal,
  bootstrap?: Secret<string>,
): Promise<Result<SessionView, Failure>> {
  const api = openApi({ url, name, token: bootstrap ?? new Secret('none') }, signal)
  const path = bootstrap ? '/v1/bootstrap' : '/v1/sessions'
  const made = await api.call({ method: 'POST', path, body: { idToken }, answer: SessionView })
  return made.ok ? ok(made.value.value) : { ok: false, error: toFailure(made.error, style) }
}
