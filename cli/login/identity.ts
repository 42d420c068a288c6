import { ok, type Result } from '#core/base/result.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'
import { withFileLock } from './file-lock.ts'
import { readClaims } from './id-token-claims.ts'
import { discover, requestTokens, type Fetch } from './issuer.ts'
import { loginPath, readLogin, writeLogin, type LoginFile } from './login-file.ts'

/** Everything a login touches besides its arguments. */
export interface LoginDeps {
  /** Where logins lie: `dataFolder(env)`. */
  readonly folder: string
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  readonly fetch: Fetch
}

/** A token that ends sooner is renewed first: whoever gets it still has to use it. */
const MIN_LEFT_MS = 60_000

/**
 * The identity token of the person who is logged in to a context, good for at least another minute; renewed with the
 * refresh token when needed. It is what an agent verifies by itself.
 *
 * Failures: exit code 4, nobody is logged in or the provider wants to see the person again (`lanline login`). Safe to
 * repeat and to call from several processes at once.
 */
export async function currentIdToken(context: string, deps: LoginDeps): Promise<Result<string, Failure>> {
  const login = await currentLogin(context, deps)
  return login.ok ? ok(login.value.idToken) : login
}

/** The login itself, renewed as above. */
export async function currentLogin(context: string, deps: LoginDeps): Promise<Result<LoginFile, Failure>> {
  const path = loginPath(deps.folder, context)
  const found = await readLogin(path)
  if (!found.ok) return found
  if (!found.value) return fail(EXIT.login, `Nobody is logged in to "${context}".`, 'Run lanline login.')
  if (isFresh(found.value, deps.now())) return ok(found.value)
  return await withFileLock(`${path}.lock`, deps, async () => {
    // Another process may have renewed it while this one waited.
    const again = await readLogin(path)
    if (!again.ok) return again
    if (!again.value) return fail(EXIT.login, `Nobody is logged in to "${context}".`, 'Run lanline login.')
    return isFresh(again.value, deps.now()) ? ok(again.value) : await renew(path, again.value, deps)
  })
}

async function renew(path: string, login: LoginFile, deps: LoginDeps): Promise<Result<LoginFile, Failure>> {
  if (login.refreshToken === undefined) return loginAgain('The login has ended.')
  const issuer = await discover(login, deps.fetch)
  if (!issuer.ok) return fail(EXIT.failed, `The identity provider did not answer: ${printable(issuer.error.text)}`)
  const grant = { grant_type: 'refresh_token', refresh_token: login.refreshToken }
  const tokens = await requestTokens(issuer.value, grant, deps.fetch)
  if (!tokens.ok)
    return tokens.error.error === 'no-answer'
      ? fail(EXIT.failed, `The identity provider did not answer: ${printable(tokens.error.text)}`)
      : loginAgain(`The identity provider does not renew the login: ${printable(tokens.error.text)}`)
  const claims = readClaims(tokens.value.idToken)
  if (!claims) return loginAgain('The identity provider gave an ID token that cannot be read.')
  const renewed: LoginFile = {
    ...login,
    idToken: tokens.value.idToken,
    idTokenExpiresAt: claims.exp * 1000,
    // A provider that does not rotate refresh tokens sends none; the old one stays good.
    refreshToken: tokens.value.refreshToken ?? login.refreshToken,
  }
  await writeLogin(path, renewed)
  return ok(renewed)
}

const isFresh = (login: LoginFile, now: number): boolean => login.idTokenExpiresAt - now >= MIN_LEFT_MS

const loginAgain = (why: string) => fail(EXIT.login, why, 'Run lanline login.')
