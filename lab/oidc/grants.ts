import { randomName, sha256 } from './bytes.ts'
import { oauthError } from './pages.ts'
import type { OidcProvider, Person } from './provider.ts'

/** The token endpoint: what a code, a device code or a refresh token is exchanged for. Each works once. */
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
/** A provider tells clients that ask too often to slow down. */
const TOLERATED_EARLY_MS = 500

export async function answerGrant(provider: OidcProvider, form: URLSearchParams): Promise<Response> {
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return await fromCode(provider, form)
    case DEVICE_GRANT:
      return await fromDevice(provider, form)
    case 'refresh_token':
      return await fromRefreshToken(provider, form)
    default:
      return oauthError('unsupported_grant_type')
  }
}

async function fromCode(provider: OidcProvider, form: URLSearchParams): Promise<Response> {
  const name = form.get('code') ?? ''
  const code = provider.codes.get(name)
  provider.codes.delete(name)
  if (!code || code.expiresAt <= provider.options.now()) return oauthError('invalid_grant')
  if (code.clientId !== form.get('client_id') || code.redirectUri !== form.get('redirect_uri'))
    return oauthError('invalid_grant')
  if ((await sha256(form.get('code_verifier') ?? '')) !== code.challenge) return oauthError('invalid_grant')
  return await tokens(provider, code.clientId, code.person, code.nonce)
}

async function fromDevice(provider: OidcProvider, form: URLSearchParams): Promise<Response> {
  const name = form.get('device_code') ?? ''
  const device = provider.devices.get(name)
  if (!device || device.clientId !== form.get('client_id')) return oauthError('invalid_grant')
  const now = provider.options.now()
  if (device.expiresAt <= now) return oauthError('expired_token')
  const early = now - device.polledAt < provider.intervalS * 1000 - TOLERATED_EARLY_MS
  device.polledAt = now
  if (early) return oauthError('slow_down')
  if (device.answer === undefined) return oauthError('authorization_pending')
  provider.devices.delete(name)
  if (device.answer === 'denied') return oauthError('access_denied')
  return await tokens(provider, device.clientId, device.answer)
}

async function fromRefreshToken(provider: OidcProvider, form: URLSearchParams): Promise<Response> {
  const name = form.get('refresh_token') ?? ''
  const held = provider.refreshTokens.get(name)
  if (!held || held.clientId !== form.get('client_id')) return oauthError('invalid_grant')
  provider.refreshTokens.delete(name)
  // What the provider knows of the person now, not when they logged in.
  const person = provider.options.people.find(({ subject }) => subject === held.person.subject)
  return person ? await tokens(provider, held.clientId, person) : oauthError('invalid_grant')
}

async function tokens(provider: OidcProvider, clientId: string, person: Person, nonce?: string): Promise<Response> {
  const refreshToken = randomName()
  provider.refreshTokens.set(refreshToken, { clientId, person })
  return Response.json(
    {
      token_type: 'Bearer',
      access_token: randomName(),
      id_token: await provider.keys.sign(provider.claimsOf(person, clientId, nonce)),
      refresh_token: refreshToken,
      expires_in: 600,
    },
    { headers: { 'cache-control': 'no-store' } },
  )
}
