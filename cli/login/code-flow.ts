import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { err, type Result } from '#core/base/result.ts'
import { SCOPES } from './device-flow.ts'
import { readClaims } from './id-token-claims.ts'
import { requestTokens, type Fetch, type Issuer, type IssuerRefusal, type Tokens } from './issuer.ts'

/**
 * The authorization code flow with PKCE: the person's browser comes back to a loopback port of this machine, once. State
 * binds the answer to this question, the nonce binds the token to it, and the verifier never leaves the process before
 * the code has come. Sources: RFC 8252 §7.3, RFC 7636, OpenID Connect Core 1.0 §3.1.
 */
export interface BrowserWorld {
  readonly fetch: Fetch
  /** Shows or opens the address. */
  readonly show: (url: string) => void
  readonly signal: AbortSignal
}

const CALLBACK = '/callback'

export async function loginByBrowser(issuer: Issuer, world: BrowserWorld): Promise<Result<Tokens, IssuerRefusal>> {
  const [state, nonce, verifier] = [random(), random(), random()]
  const door = await openDoor(state, world.signal)
  const url = new URL(issuer.authorizationEndpoint)
  const asked = {
    response_type: 'code',
    client_id: issuer.clientId,
    redirect_uri: door.redirectUri,
    scope: SCOPES,
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value)
  world.show(url.href)
  const came = await door.answer
  if (!came.ok) return came
  const grant = {
    grant_type: 'authorization_code',
    code: came.value,
    redirect_uri: door.redirectUri,
    code_verifier: verifier,
  }
  const tokens = await requestTokens(issuer, grant, world.fetch)
  if (!tokens.ok) return tokens
  return readClaims(tokens.value.idToken)?.nonce === nonce
    ? tokens
    : err({ error: 'nonce-differs', text: 'the provider answered another question than ours' })
}

/** Waits for the one answer that carries our state; whatever else knocks is shown the door. */
async function openDoor(state: string, signal: AbortSignal) {
  let settle: (answer: Result<string, IssuerRefusal>) => void
  const answer = new Promise<Result<string, IssuerRefusal>>((resolve) => (settle = resolve))
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const ours = request.method === 'GET' && url.pathname === CALLBACK && url.searchParams.get('state') === state
    response.writeHead(ours ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' })
    response.end(ours ? 'You are logged in to Lanline and may close this page.\n' : 'not here\n')
    if (!ours) return
    const code = url.searchParams.get('code')
    const error = url.searchParams.get('error') ?? 'no-code'
    settle(code === null ? err({ error, text: error }) : { ok: true, value: code })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => settle(err({ error: 'cancelled', text: 'cancelled' }))
  signal.addEventListener('abort', stop, { once: true })
  void answer.then(() => {
    signal.removeEventListener('abort', stop)
    server.close()
  })
  return { redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${CALLBACK}`, answer }
}

const random = (): string => randomBytes(32).toString('base64url')
