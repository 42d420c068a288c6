import { randomName } from './bytes.ts'
import { KeyRing } from './key-ring.ts'
import { choosePage, html, oauthError } from './pages.ts'
import { answerGrant } from './grants.ts'

/**
 * A small, real OpenID provider: discovery, JWKS with rotation, the authorization code flow with PKCE, the device flow,
 * refresh tokens that rotate. It takes any Request, so it runs behind a Node server as well as inside a Worker's test.
 * A person logs in by choosing a name on a page; nobody has a password here. Sources: OpenID Connect Core 1.0,
 * Discovery 1.0, RFC 7636, RFC 8628.
 */
export interface Person {
  readonly subject: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly groups?: readonly string[]
}

export interface ProviderOptions {
  readonly issuer: string
  /** Public clients; `redirectUris` with the port left out take any port of that loopback address. */
  readonly clients: readonly { readonly clientId: string; readonly redirectUris: readonly string[] }[]
  readonly people: readonly Person[]
  /** Epoch ms. */
  readonly now: () => number
  readonly idTokenMs?: number
  readonly deviceIntervalS?: number
}

/** What a grant may be taken from, once. */
export interface Code {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | undefined
  readonly person: Person
  readonly expiresAt: number
}
export interface Device {
  readonly clientId: string
  readonly userCode: string
  readonly expiresAt: number
  polledAt: number
  answer: Person | 'denied' | undefined
}

const ID_TOKEN_MS = 10 * 60_000
export const CODE_MS = 60_000
export const DEVICE_MS = 10 * 60_000
const SLOWLY_S = 5

export class OidcProvider {
  readonly options: ProviderOptions
  readonly keys: KeyRing
  readonly codes = new Map<string, Code>()
  readonly devices = new Map<string, Device>()
  readonly refreshTokens = new Map<string, { readonly clientId: string; readonly person: Person }>()
  /** Paths that were asked, oldest first. */
  readonly asked: string[] = []
  /** While false the provider answers 503. */
  online = true

  private constructor(options: ProviderOptions, keys: KeyRing) {
    this.options = options
    this.keys = keys
  }

  static async make(options: ProviderOptions): Promise<OidcProvider> {
    return new OidcProvider(options, await KeyRing.make())
  }

  get intervalS(): number {
    return this.options.deviceIntervalS ?? SLOWLY_S
  }

  /** The claims of an ID token for a person, as the provider gives them now. */
  claimsOf(person: Person, clientId: string, nonce?: string): Record<string, unknown> {
    const iat = Math.floor(this.options.now() / 1000)
    return {
      iss: this.options.issuer,
      aud: clientId,
      sub: person.subject,
      iat,
      exp: iat + Math.floor((this.options.idTokenMs ?? ID_TOKEN_MS) / 1000),
      ...(nonce === undefined ? {} : { nonce }),
      ...(person.email === undefined ? {} : { email: person.email, email_verified: person.emailVerified ?? true }),
      ...(person.groups === undefined ? {} : { groups: person.groups }),
    }
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url)
    this.asked.push(url.pathname)
    if (!this.online) return new Response('offline', { status: 503 })
    const route = `${request.method} ${url.pathname}`
    const { issuer } = this.options
    switch (route) {
      case 'GET /.well-known/openid-configuration':
        return Response.json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          device_authorization_endpoint: `${issuer}/device/authorize`,
          jwks_uri: `${issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        })
      case 'GET /keys':
        return Response.json(await this.keys.jwks())
      case 'GET /authorize':
        return this.#authorize(url)
      case 'POST /device/authorize':
        return this.#authorizeDevice(new URLSearchParams(await request.text()))
      case 'GET /device':
        return this.#device(url)
      case 'POST /token':
        return await answerGrant(this, new URLSearchParams(await request.text()))
      default:
        return new Response('no such page', { status: 404 })
    }
  }

  /** Shows who may be chosen; with `person` in the address that one has chosen. */
  #authorize(url: URL): Response {
    const asked = url.searchParams
    const client = this.options.clients.find(({ clientId }) => clientId === asked.get('client_id'))
    const redirectUri = asked.get('redirect_uri') ?? ''
    // Before both are known to belong together, nothing is sent anywhere.
    if (!client || !client.redirectUris.some((known) => fits(known, redirectUri)))
      return html('unknown client or redirect_uri', 400)
    const back = new URL(redirectUri)
    const state = asked.get('state')
    if (state !== null) back.searchParams.set('state', state)
    const challenge = asked.get('code_challenge')
    if (asked.get('response_type') !== 'code' || challenge === null || asked.get('code_challenge_method') !== 'S256') {
      back.searchParams.set('error', 'invalid_request')
      return Response.redirect(back.href, 302)
    }
    const person = this.#person(asked.get('person'))
    if (!person) return choosePage(url, this.options.people)
    const code = randomName()
    const expiresAt = this.options.now() + CODE_MS
    const nonce = asked.get('nonce') ?? undefined
    this.codes.set(code, { clientId: client.clientId, redirectUri, challenge, nonce, person, expiresAt })
    back.searchParams.set('code', code)
    return Response.redirect(back.href, 302)
  }

  #authorizeDevice(form: URLSearchParams): Response {
    const clientId = form.get('client_id') ?? ''
    if (!this.options.clients.some((client) => client.clientId === clientId)) return oauthError('invalid_client', 401)
    const deviceCode = randomName()
    const userCode = `${digits()}-${digits()}`
    const expiresAt = this.options.now() + DEVICE_MS
    this.devices.set(deviceCode, { clientId, userCode, expiresAt, polledAt: 0, answer: undefined })
    return Response.json({
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: `${this.options.issuer}/device`,
      verification_uri_complete: `${this.options.issuer}/device?user_code=${userCode}`,
      expires_in: DEVICE_MS / 1000,
      interval: this.intervalS,
    })
  }

  #device(url: URL): Response {
    const device = [...this.devices.values()].find(({ userCode }) => userCode === url.searchParams.get('user_code'))
    if (!device || device.expiresAt <= this.options.now()) return html('unknown code', 404)
    const name = url.searchParams.get('person')
    const person = this.#person(name)
    if (!person && name !== 'nobody') return choosePage(url, this.options.people)
    device.answer = person ?? 'denied'
    return html('You may close this page.', 200)
  }

  #person(subject: string | null): Person | undefined {
    return this.options.people.find((person) => person.subject === subject)
  }
}

const digits = (): string => String(crypto.getRandomValues(new Uint16Array(1))[0]! % 10_000).padStart(4, '0')

/** RFC 8252 §7.3: for a loopback address any port will do. */
function fits(known: string, given: string): boolean {
  if (known === given) return true
  if (!URL.canParse(known) || !URL.canParse(given)) return false
  const [a, b] = [new URL(known), new URL(given)]
  return (
    a.hostname === '127.0.0.1' && a.hostname === b.hostname && a.protocol === b.protocol && a.pathname === b.pathname
  )
}
