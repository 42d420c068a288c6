import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { aSite } from '../../db/builders.ts'
import { call, callsOf, given, migrate, send, TOKEN, type ProblemBody } from './client.ts'
import document from '../../../workers/api/assets/openapi.json'

const NAMES: Readonly<Record<string, string>> = {
  name: 'home',
  agentId: '0'.repeat(20),
  uid: '0'.repeat(20),
  tokenId: '0'.repeat(20),
  id: `${'0'.repeat(20)}-1`,
}
const documented = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { 'x-access': access }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => NAMES[name]!),
      access,
    })),
  )
  // How one gets in is for anyone; test/workers/api/login.test.ts looks at it.
  .filter(({ access }) => access.to !== 'anyone')
const undocumented = [
  { method: 'GET', path: '/openapi.json' },
  { method: 'GET', path: '/docs' },
  { method: 'GET', path: '/docs/index.html' },
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/no/such/path' },
  { method: 'PATCH', path: '/v1/clusters/home' },
  { method: 'OPTIONS', path: '/v1/clusters' },
]
const basic = (password: string) => `Basic ${btoa(`admin:${password}`)}`

let siteUid: string
beforeAll(async () => {
  await migrate()
  siteUid = (await given([aSite('home')]))['Site/home']!
})

describe('every route, known or not', () => {
  const credentials: readonly (readonly [string, Record<string, string>])[] = [
    ['no credential', {}],
    ['a wrong token', { Authorization: 'Bearer wrong-token-0123456789-0123' }],
    ['the token with more behind it', { Authorization: `Bearer ${TOKEN}x` }],
    ['a part of the token', { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['a wrong password', { Authorization: basic('wrong') }],
    ['the token under another scheme', { Authorization: `Token ${TOKEN}` }],
    ['Basic that is no base64', { Authorization: 'Basic %%%' }],
  ]
  test.each(credentials)('[A1] refuses %s with the same 401', async (_title, headers) => {
    expect(documented.length).toBeGreaterThan(25)
    for (const { method, path } of [...documented, ...undocumented]) {
      const response = await send(method, path, { headers })
      expect([method, path, response.status]).toEqual([method, path, 401])
      expect(response.headers.get('WWW-Authenticate')).toContain('Bearer')
      const body = await response.json<ProblemBody>()
      expect(body).toMatchObject({ code: 'unauthorized', type: 'https://lanline.dev/problems/unauthorized', facts: {} })
      expect(body.requestId).toBe(response.headers.get('X-Request-Id'))
    }
  })

  test('[A1] an unauthorised write of any size changes nothing', async () => {
    const changes = async () =>
      (await call<{ items: { action: string }[] }>('GET', '/v1/audit')).body.items.filter(
        ({ action }) => action !== 'audit.read',
      )
    const before = await changes()
    for (const { method, path } of documented.filter((route) => route.method !== 'GET'))
      await send(method, path, { body: { documents: ['x'.repeat(300_000)] }, headers: { 'If-None-Match': '*' } })
    expect(await changes()).toEqual(before)
    // What made the documents of this test, and nothing since.
    expect(await callsOf('SITE', siteUid)).toEqual([
      { method: 'wake', args: [siteUid, 30_000] },
      { method: 'wake', args: [siteUid, 0] },
    ])
  })
})

test('[A1] whatever stands in the headers that carry credentials, the answer is a refusal and never a fault', async () => {
  const text = fc.string({ maxLength: 200 }).map((given) => given.replaceAll(/[^\x20-\x7e]/g, '.'))
  const scheme = fc.constantFrom('Bearer ', 'Basic ', 'bearer lanl_', 'Bearer lanls_', 'Bearer eyJ', '')
  const headers = fc.record({
    Authorization: fc.tuple(scheme, text).map((parts) => parts.join('')),
    Cookie: fc
      .tuple(fc.constantFrom('__Host-lanline=', '__Host-lanline=lanls_', ''), text)
      .map((parts) => parts.join('')),
    'Cf-Access-Jwt-Assertion': text,
    Origin: text,
  })
  await fc.assert(
    fc.asyncProperty(headers, fc.constantFrom('GET', 'POST', 'DELETE'), async (given, method) => {
      expect([401, 403]).toContain((await send(method, '/v1/whoami', { headers: given })).status)
    }),
    { numRuns: 100, seed: 7 },
  )
})

describe('Basic credentials', () => {
  test('open pages and read', async () => {
    for (const path of ['/docs', '/openapi.json', '/v1/sites', '/healthz'])
      expect((await send('GET', path, { headers: { Authorization: basic(TOKEN) } })).status).toBe(200)
  })

  test('[A1] never write and never open a socket, because browsers send them by themselves', async () => {
    for (const { method, path } of documented.filter((route) => route.method !== 'GET'))
      expect((await send(method, path, { headers: { Authorization: basic(TOKEN) } })).status).toBe(401)
    const headers = { Authorization: basic(TOKEN), Upgrade: 'websocket' }
    expect((await send('GET', '/v1/clusters/home/events', { headers })).status).toBe(401)
  })
})

describe('answers', () => {
  test('carry a request id of our own, are not cached, and load nothing', async () => {
    const { headers } = await call('GET', '/healthz', { headers: { 'X-Request-Id': 'chosen-by-caller' } })
    expect(headers.get('X-Request-Id')).not.toBe('chosen-by-caller')
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'")
  })

  test('a known path with another method is 405 and says what it knows', async () => {
    const patched = await call<ProblemBody>('PATCH', '/v1/clusters/home')
    expect([patched.status, patched.body.code, patched.headers.get('Allow')]).toEqual([
      405,
      'method-not-allowed',
      'DELETE, GET, PUT',
    ])
    expect((await call<ProblemBody>('GET', '/no/such/path')).body.code).toBe('not-found')
  })

  test('health names the version', async () => {
    const { body } = await call('GET', '/healthz')
    expect(body).toEqual({ ok: true, version: z.string().parse(document.info.version) })
  })

  test('the docs page is plain HTML without a script', async () => {
    const response = await send('GET', '/docs', { headers: { Authorization: `Bearer ${TOKEN}` } })
    expect(response.headers.get('Content-Type')).toContain('text/html')
    const page = await response.text()
    expect(page).toContain('/v1/clusters/{name}/events')
    expect(page).not.toMatch(/<script|https?:\/\/(?!lanline)/)
  })
})
