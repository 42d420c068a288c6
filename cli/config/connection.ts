import { ok, type Result } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Style } from '../output/style.ts'
import { contextNamed, readContextFile } from './context-file.ts'
import { configPath } from './paths.ts'

/** What the command line says about where the API is. */
export interface ConnectionFlags {
  readonly url?: string | undefined
  readonly token?: string | undefined
  readonly context?: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/** Where the API is; without a token, whoever has logged in to the context of that name uses it. */
export interface FoundConnection {
  readonly url: string
  readonly token: Secret<string> | undefined
  readonly name: string
  /** The context of the configuration file that it comes from. */
  readonly context?: string | undefined
}

/**
 * Which API, with which token. Flags win over the environment, and both over the context file; a URL from one place is
 * never joined with a token from the file, because that would send the token to a host it was not made for.
 */
export async function findConnection(
  flags: ConnectionFlags,
  env: Env,
  style: Style,
): Promise<Result<FoundConnection, Failure>> {
  const contextName = flags.context ?? (env['LANLINE_CONTEXT'] || undefined)
  const url = flags.url ?? (flags.context === undefined ? env['LANLINE_URL'] || undefined : undefined)
  const token = flags.token ?? (flags.context === undefined ? env['LANLINE_TOKEN'] || undefined : undefined)
  if (url !== undefined && token !== undefined) return toConnection(url, token)
  if (url !== undefined || token !== undefined)
    return url === undefined
      ? fail(
          EXIT.usage,
          `${sourceOf(flags.token, '--token', 'LANLINE_TOKEN')} is set, but LANLINE_URL is not.`,
          'Set LANLINE_URL or --url.',
        )
      : fail(
          EXIT.usage,
          `${sourceOf(flags.url, '--url', 'LANLINE_URL')} is set, but LANLINE_TOKEN is not.`,
          'Set LANLINE_TOKEN or --token.',
        )

  const path = configPath(env)
  const file = await readContextFile(path, style)
  if (!file.ok) return file
  const names = Object.keys(file.value?.contexts ?? {})
  const name = contextName ?? file.value?.current ?? (names.length === 1 ? names[0] : undefined)
  if (!file.value || name === undefined)
    return fail(
      EXIT.login,
      names.length > 1 ? `${path} names no current context.` : 'No API is configured.',
      `Log in with lanline login --url URL, set LANLINE_URL and LANLINE_TOKEN, or write a context into ${path} (mode 0600):`,
      '  current: home',
      '  contexts:',
      '    home: {url: https://…, token: …}',
    )
  const context = contextNamed(file.value, name)
  return context.ok ? toConnection(context.value.url, context.value.token, name) : context
}

export function toConnection(text: string, token: string | undefined, name?: string): Result<FoundConnection, Failure> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return fail(EXIT.usage, `"${text}" is not a URL; write it like https://lanline.example.com`)
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    return fail(
      EXIT.usage,
      `${url.origin} would carry the token in the clear.`,
      'Use https; plain http is for this machine only.',
    )
  if (url.username || url.password)
    return fail(EXIT.usage, 'The URL must not hold a password; the token goes into LANLINE_TOKEN.')
  return ok({
    url: url.origin + url.pathname.replace(/\/+$/, ''),
    token: token === undefined ? undefined : new Secret(token),
    ...(name === undefined ? {} : { context: name }),
    name: name ?? url.host.replaceAll(/[^a-z0-9.-]/g, '-'),
  })
}

const sourceOf = (flag: string | undefined, flagName: string, variable: string): string =>
  flag === undefined ? variable : flagName

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
