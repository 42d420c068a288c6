import type { Command } from 'commander'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { openApi } from '../api/client.ts'
import { configPath } from '../config/paths.ts'
import { writeContext } from '../config/write-context.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { loginByBrowser } from '../login/code-flow.ts'
import { loginByDevice } from '../login/device-flow.ts'
import { findLoginTarget, type LoginTarget } from '../login/find-target.ts'
import { readClaims } from '../login/id-token-claims.ts'
import { discover, type Issuer, type IssuerRefusal, type Tokens } from '../login/issuer.ts'
import { loginDeps } from '../login/login-deps.ts'
import { loginPath, writeLogin } from '../login/login-file.ts'
import { exchange, SessionView } from '../login/session-token.ts'
import { printable } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

interface LoginOptions {
  readonly browser?: true
  readonly bootstrap?: true
  readonly serviceAccount?: string
}

const LoginView = z.object({ oidc: z.object({ issuer: z.string(), clientId: z.string() }).optional() })

/** `lanline login`: a person, by the identity provider of the deployment; with --bootstrap, its first admin. */
export function registerLogin(program: Command, run: Run): void {
  program
    .command('login')
    .description('log in to the API of a context, or to --url')
    .option('--browser', 'by the browser of this machine instead of a code on any machine')
    .option('--bootstrap', 'become the first admin with the token of the first deploy (LANLINE_TOKEN), which ends it')
    .option(
      '--service-account <name>',
      'with --bootstrap and without an identity provider: make this account the first admin',
    )
    .action((options: LoginOptions) => run((session) => login(session, options)))
}

async function login({ io, flags }: Session, options: LoginOptions): Promise<Result<void, Failure>> {
  const found = await findLoginTarget(io, flags)
  if (!found.ok) return found
  const target = found.value
  if (options.bootstrap && !target.token)
    return fail(EXIT.usage, '--bootstrap needs the token that the first deploy printed.', 'Set LANLINE_TOKEN.')
  if (options.serviceAccount !== undefined)
    return options.bootstrap
      ? await bootstrapAccount(io, target, options.serviceAccount)
      : fail(EXIT.usage, '--service-account goes with --bootstrap.')

  const asked = await openApi({ ...target, token: new Secret('none') }, io.signal).call({
    method: 'GET',
    path: '/v1/login',
    answer: LoginView,
  })
  if (!asked.ok) return failed(io, asked.error)
  const { oidc } = asked.value.value
  if (!oidc)
    return fail(
      EXIT.login,
      `${target.url} has no identity provider.`,
      'Use an API token: LANLINE_URL and LANLINE_TOKEN.',
    )
  const deps = loginDeps(io)
  const issuer = await discover(oidc, deps.fetch)
  const tokens = issuer.ok ? await flow(io, issuer.value, options) : issuer
  if (!tokens.ok) return refusedBy(oidc.issuer, tokens.error)
  const claims = readClaims(tokens.value.idToken)
  if (!claims) return fail(EXIT.failed, 'The identity provider gave an ID token that cannot be read.')
  const bootstrap = options.bootstrap ? target.token : undefined
  const session = await exchange(target, tokens.value.idToken, io.style, io.signal, bootstrap)
  if (!session.ok) return session

  const { token, expiresAt, name } = session.value
  await writeLogin(loginPath(deps.folder, target.name), {
    url: target.url,
    ...oidc,
    idToken: tokens.value.idToken,
    idTokenExpiresAt: claims.exp * 1000,
    refreshToken: tokens.value.refreshToken,
    session: { token, expiresAt: Date.parse(expiresAt) },
  })
  await writeContext(configPath(io.env), target.name, { url: target.url, token: undefined })
  io.say(`Logged in to ${target.url} as ${printable(name)}; context ${target.name}.`)
  if (options.bootstrap) io.say('You are the first admin. The bootstrap token is good for nothing any more.')
  return ok(undefined)
}

async function flow(io: Io, issuer: Issuer, options: LoginOptions): Promise<Result<Tokens, IssuerRefusal>> {
  const deps = loginDeps(io)
  if (options.browser)
    return await loginByBrowser(issuer, {
      fetch: deps.fetch,
      signal: io.signal,
      show: (url) => io.say(`Open this address in a browser of this machine:\n  ${url}`),
    })
  return await loginByDevice(issuer, {
    ...deps,
    show: ({ url, code, completeUrl }) => {
      io.say(`Open ${printable(url)} on any machine and type: ${printable(code)}`)
      if (completeUrl !== undefined) io.say(`or open ${printable(completeUrl)}`)
    },
  })
}

async function bootstrapAccount(io: Io, target: LoginTarget, name: string): Promise<Result<void, Failure>> {
  const api = openApi({ ...target, token: target.token ?? new Secret('') }, io.signal)
  const body = { serviceAccount: name }
  const made = await api.call({ method: 'POST', path: '/v1/bootstrap', body, answer: SessionView })
  if (!made.ok) return failed(io, made.error)
  await writeContext(configPath(io.env), target.name, { url: target.url, token: made.value.value.token })
  io.say(
    `${name} is the first admin; its token is in ${configPath(io.env)}, context ${target.name}, until ${made.value.value.expiresAt}.`,
  )
  io.say('The bootstrap token is good for nothing any more.')
  return ok(undefined)
}

const refusedBy = (issuer: string, { error, text }: IssuerRefusal) =>
  fail(
    error === 'cancelled' ? EXIT.cancelled : error === 'no-answer' ? EXIT.failed : EXIT.login,
    `${printable(issuer)} did not log you in: ${printable(text)}`,
  )
