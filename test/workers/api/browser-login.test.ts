import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OidcProvider } from '#lab/oidc/provider.ts'
import { aSite } from '../../db/builders.ts'
import { given, migrate, ORIGIN, send, type ProblemBody } from './client.ts'
import { aProvider, bind, rowsOf } from './people.ts'

/** A browser keeps cookies and follows redirects; this one does so by hand. */
let provider: OidcProvider
beforeAll(async () => {
  await migrate()
  provider = await aProvider([{ subject: 'alice', email: 'alice@example.com' }, { subject: 'eve' }])
  await given([aSite('home')])
  await bind({ user: 'alice@example.com' }, { role: 'admin', on: 'everything' })
})
afterAll(() => void vi.unstubAllGlobals())

const cookiesOf = (response: Response) => response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]!)
const get = (path: string, headers: Record<string, string> = {}) => send('GET', path, { headers, redirect: 'manual' })

/** Away to the provider; what the browser then holds and where it is sent back to. */
async function away(person: string, to = '') {
  const left = await get(`/v1/login/browser${to}`)
  const chosen = await provider.handle(new Request(`${left.headers.get('Location')}&person=${person}`))
  const back = new URL(chosen.headers.get('Location') ?? '')
  return { cookie: cookiesOf(left)[0]!, back: `${back.pathname}${back.search}`, left }
}

async function sessionCookie(): Promise<string> {
  const { cookie, back } = await away('alice')
  return cookiesOf(await get(back, { Cookie: cookie })).find((one) => one.startsWith('__Host-lanline='))!
}

describe('a browser', () => {
  test('comes back from the provider with a session that no script reads, on the page it began for', async () => {
    const { cookie, back, left } = await away('alice', '?to=/docs')
    expect(left.status).toBe(302)
    const came = await get(back, { Cookie: cookie })
    expect([came.status, came.headers.get('Location')]).toEqual([302, '/docs'])
    for (const set of came.headers.getSetCookie())
      expect(set).toMatch(/^__Host-.*; Path=\/; Secure; HttpOnly; SameSite=Lax/)
    const session = cookiesOf(came).find((one) => one.startsWith('__Host-lanline='))!
    const me = await (await get('/v1/whoami', { Cookie: `other=1; ${session}` })).json()
    expect(me).toMatchObject({ kind: 'user', name: 'alice@example.com', credential: { kind: 'session' } })
  })

  test('[A23] is not logged in by an answer to a question it has not asked, nor twice by one code', async () => {
    const [mine, other] = [await away('alice'), await away('alice')]
    expect((await get(other.back, { Cookie: mine.cookie })).status).toBe(401)
    expect((await get(mine.back)).status).toBe(401)
    expect((await get(mine.back, { Cookie: mine.cookie })).status).toBe(302)
    expect((await get(mine.back, { Cookie: mine.cookie })).status).toBe(503)
  })

  test('[A23] is not logged in by a token that answers another question', async () => {
    const { cookie, back } = await away('alice')
    const memory = JSON.parse(atob(cookie.slice(cookie.indexOf('=') + 1))) as { nonce: string }
    const forged = `__Host-lanline-login=${btoa(JSON.stringify({ ...memory, nonce: 'x'.repeat(43) }))}`
    const came = await get(back, { Cookie: forged })
    expect((await came.json<ProblemBody>()).code).toBe('id-token-malformed')
  })

  test.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/docs?x=1'])(
    '[A23] is never sent on to %s',
    async (to) => {
      expect((await get(`/v1/login/browser?to=${encodeURIComponent(to)}`)).status).toBe(400)
    },
  )

  test('[A26] of somebody without a role gets none, and leaves no row', async () => {
    const before = await rowsOf('users')
    const { cookie, back } = await away('eve')
    expect((await (await get(back, { Cookie: cookie })).json<ProblemBody>()).code).toBe('no-access')
    expect(await rowsOf('users')).toEqual(before)
  })

  test('[A1] writes, and opens sockets, only for our own pages', async () => {
    const Cookie = await sessionCookie()
    const write = async (headers: Record<string, string>) =>
      (await send('POST', '/v1/sites/home/join-tokens', { headers: { Cookie, ...headers } })).status
    expect(await write({})).toBe(403)
    expect(await write({ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' })).toBe(403)
    expect(await write({ 'Sec-Fetch-Site': 'same-site' })).toBe(403)
    expect(await write({ Origin: 'null' })).toBe(403)
    expect(await write({ 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN })).toBe(201)
    const socket = { Cookie, Upgrade: 'websocket', Origin: 'https://evil.example' }
    expect((await get('/v1/clusters/none/events', socket)).status).toBe(403)
  })

  test('[A22] that logs out has a cookie no more, and the session is over', async () => {
    const Cookie = await sessionCookie()
    const own = { Cookie, 'Sec-Fetch-Site': 'same-origin' }
    const ended = await send('DELETE', '/v1/sessions/current', { headers: own })
    expect(ended.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-lanline=;.*Max-Age=0/)])
    expect((await get('/v1/whoami', { Cookie })).status).toBe(401)
  })

  test('[A22] brings sessions only: an API token in a cookie is nothing', async () => {
    const Cookie = await sessionCookie()
    expect((await get('/v1/whoami', { Cookie: `${Cookie}; ${Cookie}` })).status).toBe(401)
    expect((await get('/v1/whoami', { Cookie: Cookie.replace('lanls_', 'lanl_') })).status).toBe(401)
  })
})
