import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { fetchJson, type Fetcher } from './fetch-json.ts'
import { toBase64Url } from '../base64-url.ts'

/**
 * The authorization code flow with PKCE for a browser on our own pages. What must be remembered between leaving and
 * coming back lies in a cookie of that browser: state binds the answer to it, the nonce the token, and the verifier
 * never goes through the address. Sources: OpenID Connect Core 1.0 §3.1, RFC 7636.
 */
export const Memory = z.object({
  state: z.string().min(20).max(100),
  nonce: z.string().min(20).max(100),
  verifier: z.string().min(43).max(128),
  /** A page of ours. */
  to: z
    .string()
    .regex(/^\/(?!\/)[\w/-]*$/)
    .max(200),
})
export type Memory = z.infer<typeof Memory>

export interface Client {
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
}

const SCOPES = 'openid email profile groups'
const Endpoints = z.object({ issuer: z.string(), authorization_endpoint: z.url(), token_endpoint: z.url() })
const Tokens = z.object({ id_token: z.string() })

export function newMemory(to: string): Memory {
  const random = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
  return { state: random(), nonce: random(), verifier: random(), to }
}

/** Where the browser goes to log in. Problem: issuer-unreachable. */
export async function authorizationUrl(
  client: Client,
  { state, nonce, verifier }: Memory,
  fetcher: Fetcher,
): Promise<Result<string, Problem>> {
  const found = await endpointsOf(client.issuer, fetcher)
  if (!found) return err(problem('issuer-unreachable'))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const url = new URL(found.authorization_endpoint)
  const asked = {
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: SCOPES,
    state,
    nonce,
    code_challenge: toBase64Url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  return ok(url.href)
}

/** The ID token for a code, not verified yet. Problem: issuer-unreachable, also when the provider refuses the code. */
export async function redeem(
  client: Client,
  code: string,
  { verifier }: Memory,
  fetcher: Fetcher,
): Promise<Result<string, Problem>> {
  const found = await endpointsOf(client.issuer, fetcher)
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri,
    client_id: client.clientId,
    code_verifier: verifier,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }
  const init = { method: 'POST', headers, body: form.toString() }
  const tokens = found && Tokens.safeParse(await fetchJson(fetcher, found.token_endpoint, init))
  return tokens?.success ? ok(tokens.data.id_token) : err(problem('issuer-unreachable'))
}

async function endpointsOf(issuer: string, fetcher: Fetcher) {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const found = Endpoints.safeParse(await fetchJson(fetcher, url)).data
  return found?.issuer === issuer ? found : undefined
}
