import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { toBase64Url, utf8 } from '#lab/oidc/bytes.ts'
import type { OidcProvider, Person } from '#lab/oidc/provider.ts'
import { call, migrate, send, type ProblemBody } from './client.ts'
import { aProvider, bearer, bind, callAs, CLIENT_ID, login, readPolicy, rowsOf } from './people.ts'

const ALICE: Person = { subject: 'alice-1', email: 'alice@example.com', groups: ['dev', 'everybody'] }
const BOB: Person = { subject: 'bob-1', email: 'bob@example.com', emailVerified: false }
const EVE: Person = { subject: 'eve-1', email: 'eve@example.com', groups: ['everybody'] }
let provider: OidcProvider

beforeAll(async () => {
  await migrate()
  provider = await aProvider([ALICE, BOB, EVE])
  await bind({ user: 'alice@example.com' }, { role: 'operator', on: 'everything' })
  await bind({ user: 'bob@example.com' }, { role: 'reader', on: 'everything' })
})
afterAll(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const idToken = async (person: Person, changes: object = {}) =>
  await provider.keys.sign({ ...provider.claimsOf(person, CLIENT_ID), ...changes })
const part = (value: unknown) => toBase64Url(utf8(JSON.stringify(value)))
const nowS = () => Math.floor(Date.now() / 1000)
/** The head replaced and the rest kept. */
const withHead = async (head: object) => `${part(head)}.${(await idToken(ALICE)).split('.').slice(1).join('.')}`
/** Moves the clock and with it the minute in which keys are fetched once. It never goes back. */
const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

describe('an identity token', () => {
  test('gives a session, and the session the rights of the person', async () => {
    const { status, body } = await login(await idToken(ALICE))
    expect([status, body.name]).toEqual([201, 'alice@example.com'])
    expect(body.token).toMatch(/^lanls_[0-9a-z]{39}$/)
    const { body: me } = await callAs(body.token, 'GET', '/v1/whoami')
    expect(me).toMatchObject({
      kind: 'user',
      names: ['https://login.test#alice-1', 'alice@example.com'],
      groups: ['dev', 'everybody'],
      grants: [{ role: 'operator', on: 'everything' }],
      credential: { kind: 'session' },
    })
    const [row] = (await rowsOf('audit')).filter(({ action }) => action === 'session.begun')
    expect([row?.['actor'], JSON.parse(String(row?.['facts']))]).toEqual([
      'user:alice@example.com',
      { source: expect.stringMatching(/^10\./) },
    ])
    expect(JSON.stringify(await rowsOf('credentials'))).not.toContain(body.token)
  })

  const REFUSED: readonly (readonly [string, () => Promise<string>, string])[] = [
    [
      'algorithm none',
      async () => `${part({ alg: 'none', kid: 'x' })}.${(await idToken(ALICE)).split('.')[1]}.`,
      'id-token-algorithm',
    ],
    ['HS256 with the public key as secret', () => withHead({ alg: 'HS256', kid: 'x' }), 'id-token-algorithm'],
    ['no kid', () => withHead({ alg: 'RS256' }), 'id-token-key-missing'],
    ['an unknown kid', () => withHead({ alg: 'RS256', kid: 'nobody' }), 'id-token-key-unknown'],
    ['critical headers', () => withHead({ alg: 'RS256', kid: 'x', crit: ['b64'] }), 'id-token-malformed'],
    [
      'another algorithm than the key is for',
      async () => {
        const { kid } = (await provider.keys.jwks()).keys[0] as { kid: string }
        return await withHead({ alg: 'ES256', kid })
      },
      'id-token-signature',
    ],
    ['another audience', () => idToken(ALICE, { aud: 'another' }), 'id-token-audience'],
    [
      'several audiences, made for another',
      () => idToken(ALICE, { aud: [CLIENT_ID, 'another'], azp: 'another' }),
      'id-token-audience',
    ],
    ['another issuer', () => idToken(ALICE, { iss: 'https://login.test/' }), 'id-token-issuer'],
    ['expired more than a minute ago', () => idToken(ALICE, { exp: nowS() - 62 }), 'id-token-expired'],
    ['made more than a minute from now', () => idToken(ALICE, { iat: nowS() + 62 }), 'id-token-not-yet-valid'],
    ['not yet valid', () => idToken(ALICE, { nbf: nowS() + 62 }), 'id-token-not-yet-valid'],
    ['no expiry', () => idToken(ALICE, { exp: undefined }), 'id-token-malformed'],
    ['an empty subject', () => idToken(ALICE, { sub: '' }), 'id-token-malformed'],
    [
      'changed claims',
      async () => {
        const [head, , signature] = (await idToken(ALICE)).split('.')
        return `${head}.${part(provider.claimsOf(EVE, CLIENT_ID))}.${signature}`
      },
      'id-token-signature',
    ],
    ['an empty signature', async () => (await idToken(ALICE)).replace(/[^.]+$/, ''), 'id-token-signature'],
    ['text', () => Promise.resolve('not a token'), 'id-token-malformed'],
  ]
  test.each(REFUSED)('[A23] with %s is refused by its own code', async (_, make, code) => {
    // Unknown keys are looked up once a minute; here each case wants its own look.
    later(61_000)
    const text = await make()
    const { status, body } = await login(text)
    expect([status, body.code]).toEqual([401, code])
  })

  test('[A23] a minute of difference between the clocks is no fault', async () => {
    expect((await login(await idToken(ALICE, { exp: nowS() - 55, iat: nowS() - 600 }))).status).toBe(201)
    expect((await login(await idToken(ALICE, { iat: nowS() + 55 }))).status).toBe(201)
  })

  test('[A23] of an old key is refused once the provider has stopped publishing it; the new one is good at once', async () => {
    const old = await idToken(ALICE)
    await provider.keys.rotate()
    later(61_000)
    expect((await login(await idToken(ALICE))).status).toBe(201)
    expect((await login(old)).body.code).toBe('id-token-key-unknown')
  })

  test('[A23] strangers make the API look for keys once a minute, however many keys they name', async () => {
    later(20 * 60_000)
    const before = provider.asked.filter((path) => path === '/keys').length
    for (let i = 0; i < 20; i++) await login(await withHead({ alg: 'RS256', kid: `guess-${i}` }))
    expect(provider.asked.filter((path) => path === '/keys').length).toBe(before + 1)
  })

  test('[A23] a provider that is away locks nobody out whose key is known, and says so for others', async () => {
    later(61_000)
    expect((await login(await idToken(ALICE))).status).toBe(201)
    provider.online = false
    later(11 * 60_000)
    expect((await login(await idToken(ALICE))).status).toBe(201)
    expect((await login(await withHead({ alg: 'RS256', kid: 'new' }))).body.code).toBe('issuer-unreachable')
    provider.online = true
  })

  test('[A26] of somebody without a role gives nothing and leaves no row', async () => {
    const [users, audit] = [await rowsOf('users'), await rowsOf('audit')]
    later(61_000)
    const { status, body } = await login(await idToken(EVE))
    expect([status, body.code]).toEqual([403, 'no-access'])
    expect(String(body.facts['user'])).toContain('https://login.test#eve-1')
    expect([await rowsOf('users'), await rowsOf('audit')]).toEqual([users, audit])
  })

  test('[A22] an address that the provider has not verified names nobody', async () => {
    expect((await login(await idToken(BOB))).body.code).toBe('no-access')
    expect((await login(await idToken(BOB, { email: 'alice@example.com' }))).body.code).toBe('no-access')
  })

  test('[A23] any text at all is refused, never a fault', async () => {
    const good = await idToken(ALICE)
    const mutated = fc
      .tuple(fc.nat(good.length - 1), fc.string({ maxLength: 1 }))
      .map(([at, char]) => good.slice(0, at) + char + good.slice(at + 1))
    const texts = fc.oneof(
      fc.string({ maxLength: 400 }),
      mutated,
      fc.array(fc.base64String(), { maxLength: 5 }).map((all) => all.join('.')),
    )
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        if (text === good) return
        const { status, body } = await login(text)
        expect([401, 503]).toContain(status)
        expect(body.code).toMatch(/^id-token-|issuer-unreachable/)
      }),
      { numRuns: 60, seed: 5 },
    )
  })
})

describe('a session', () => {
  test('[A22] ends by itself after an hour, at once when its person is shut out, and when it is ended', async () => {
    const [one, two] = [(await login(await idToken(ALICE))).body.token, (await login(await idToken(ALICE))).body.token]
    expect((await callAs(one, 'DELETE', '/v1/sessions/current')).body).toEqual({ ended: true })
    expect((await callAs(one, 'GET', '/v1/whoami')).body['code']).toBe('credential-revoked')
    const { body } = await call<{ items: { uid: string }[] }>('GET', '/v1/users')
    const uid = body.items[0]!.uid
    await call('POST', `/v1/users/${uid}/disable`)
    expect((await callAs(two, 'GET', '/v1/whoami')).status).toBe(401)
    expect((await login(await idToken(ALICE))).body.code).toBe('credential-revoked')
    await call('POST', `/v1/users/${uid}/enable`)
    expect((await callAs(two, 'GET', '/v1/whoami')).status).toBe(200)
    later(3_600_000)
    expect((await callAs(two, 'GET', '/v1/whoami')).body['code']).toBe('credential-expired')
  })

  test('[A21] has the rights the policy gives now, not those of when it began', async () => {
    const { token } = (await login(await idToken(ALICE))).body
    const { policy, etag } = await readPolicy()
    const without = {
      ...policy,
      bindings: policy.bindings.filter(({ to }) => !('user' in to) || to.user !== 'alice@example.com'),
    }
    await call('PUT', '/v1/policy', { body: without, headers: { 'If-Match': etag } })
    expect((await callAs(token, 'GET', '/v1/sites')).status).toBe(403)
    await bind({ group: 'dev' }, { role: 'reader', on: 'everything' })
    expect((await callAs(token, 'GET', '/v1/sites')).status).toBe(200)
    expect((await callAs(token, 'POST', '/v1/apply', { body: { documents: [] } })).status).toBe(422)
  })
})

describe('Cloudflare Access', () => {
  const assertion = async (changes: object = {}) =>
    await provider.keys.sign({
      ...provider.claimsOf(ALICE, 'access-application'),
      iss: 'https://team.test',
      ...changes,
    })
  const withAccess = async (method: string, path: string, text: string, headers: Record<string, string> = {}) => {
    const response = await send(method, path, { headers: { 'Cf-Access-Jwt-Assertion': text, ...headers } })
    return { status: response.status, body: await response.json<ProblemBody>() }
  }

  test('is a login on every request', async () => {
    await bind({ user: 'alice@example.com' }, { role: 'admin', on: 'everything' })
    const { status, body } = await withAccess('GET', '/v1/whoami', await assertion())
    expect([status, body]).toMatchObject([
      200,
      { kind: 'user', name: 'alice@example.com', credential: { kind: 'access' } },
    ])
  })

  test.each([
    ['another team', { iss: 'https://other.test' }, 'id-token-issuer'],
    ['another application', { aud: ['other'] }, 'id-token-audience'],
    ['yesterday', { exp: 1 }, 'id-token-expired'],
  ])('[A23] an assertion of %s is refused by its own code', async (_, changes, code) => {
    expect((await withAccess('GET', '/v1/whoami', await assertion(changes))).body.code).toBe(code)
  })

  test('[A1] never writes for another site: the browser sends its cookie by itself', async () => {
    const text = await assertion()
    const write = (headers: Record<string, string>) => withAccess('POST', '/v1/sites/home/join-tokens', text, headers)
    expect((await write({ 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
    expect((await write({ Origin: 'https://evil.example' })).status).toBe(403)
    expect((await write({ 'Sec-Fetch-Site': 'same-origin', Origin: 'https://lanline.test' })).body.code).toBe(
      'not-found',
    )
  })
})

test('where to log in is for anyone, and says nothing else', async () => {
  expect(await (await send('GET', '/v1/login')).json()).toEqual({
    oidc: { issuer: 'https://login.test', clientId: CLIENT_ID },
    access: true,
  })
  expect((await send('GET', '/v1/sessions', { headers: bearer('x') })).status).toBe(401)
})
