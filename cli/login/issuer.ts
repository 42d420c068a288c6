import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { sayNetworkError } from '../api/client.ts'

/**
 * The OpenID provider as the CLI meets it: its discovery document and its token endpoint. Source: OpenID Connect
 * Discovery 1.0 §3–4, RFC 6749 §5, RFC 8628 §3.
 */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>

export interface Issuer {
  readonly issuer: string
  readonly clientId: string
  readonly authorizationEndpoint: string
  readonly tokenEndpoint: string
  /** Absent when the provider has no device flow. */
  readonly deviceEndpoint: string | undefined
}

export interface Tokens {
  readonly idToken: string
  readonly refreshToken: string | undefined
}

/** What the provider said instead of tokens: `error` of RFC 6749, or that no proper answer came. */
export interface IssuerRefusal {
  readonly error: string
  readonly text: string
}

const TIMEOUT_MS = 15_000
/** Discovery documents and token answers are a few KiB. */
const MAX_ANSWER_CHARS = 256 * 1024

const Discovery = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  device_authorization_endpoint: z.url().optional(),
})
const TokenAnswer = z.object({ id_token: z.string().max(16_384), refresh_token: z.string().max(8_192).optional() })
const ErrorAnswer = z.object({ error: z.string().max(200), error_description: z.string().max(2_000).optional() })

export async function discover(
  provider: { readonly issuer: string; readonly clientId: string },
  fetcher: Fetch,
): Promise<Result<Issuer, IssuerRefusal>> {
  const url = `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await ask(url, {}, fetcher)
  if (!answer.ok) return answer
  const found = Discovery.safeParse(answer.value.body)
  if (answer.value.status !== 200 || !found.success) return refusal('no-discovery', `${url} is no discovery document`)
  // A document that names another issuer could send the person's code to a place that nobody chose.
  if (found.data.issuer !== provider.issuer)
    return refusal('issuer-differs', `${url} names the issuer ${found.data.issuer}, not ${provider.issuer}`)
  return ok({
    ...provider,
    authorizationEndpoint: found.data.authorization_endpoint,
    tokenEndpoint: found.data.token_endpoint,
    deviceEndpoint: found.data.device_authorization_endpoint,
  })
}

/** `grant` is what distinguishes the flows: grant_type and its parameters. The client id is added. */
export async function requestTokens(
  issuer: Issuer,
  grant: Readonly<Record<string, string>>,
  fetcher: Fetch,
): Promise<Result<Tokens, IssuerRefusal>> {
  const answer = await postForm(issuer.tokenEndpoint, { ...grant, client_id: issuer.clientId }, fetcher)
  if (!answer.ok) return answer
  const tokens = TokenAnswer.safeParse(answer.value)
  if (!tokens.success) return refusal('no-id-token', 'the provider gave no ID token; is the scope openid allowed?')
  return ok({ idToken: tokens.data.id_token, refreshToken: tokens.data.refresh_token })
}

/** The body of an answer with status 200; every other answer is a refusal. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  fetcher: Fetch,
): Promise<Result<unknown, IssuerRefusal>> {
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await ask(url, { method: 'POST', headers, body }, fetcher)
  if (!answer.ok) return answer
  if (answer.value.status === 200) return ok(answer.value.body)
  const said = ErrorAnswer.safeParse(answer.value.body)
  return said.success
    ? refusal(said.data.error, said.data.error_description ?? said.data.error)
    : refusal('no-answer', `${new URL(url).origin} answered ${answer.value.status}`)
}

async function ask(
  url: string,
  init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  fetcher: Fetch,
): Promise<Result<{ readonly status: number; readonly body: unknown }, IssuerRefusal>> {
  try {
    const response = await fetcher(url, {
      ...init,
      headers: { accept: 'application/json', ...init.headers },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (text.length > MAX_ANSWER_CHARS) return refusal('no-answer', `${url} answered too much`)
    return ok({ status: response.status, body: parseJson(text) })
  } catch (error) {
    return refusal('no-answer', `${new URL(url).origin}: ${sayNetworkError(error)}`)
  }
}

const refusal = (error: string, text: string): { readonly ok: false; readonly error: IssuerRefusal } =>
  err({ error, text })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
