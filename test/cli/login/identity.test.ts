import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loginByBrowser } from '#cli/login/code-flow.ts'
import { loginByDevice } from '#cli/login/device-flow.ts'
import { readClaims } from '#cli/login/id-token-claims.ts'
import { currentIdToken, type LoginDeps } from '#cli/login/identity.ts'
import { discover, type Issuer, type Tokens } from '#cli/login/issuer.ts'
import { loginPath, readLogin, removeLogin, writeLogin } from '#cli/login/login-file.ts'
import { serveProvider, type ServedProvider } from '#lab/oidc/serve.ts'

const CLIENT = { clientId: 'lanline-cli', redirectUris: ['http://127.0.0.1/callback'] }
const ALICE = { subject: 'alice', email: 'alice@example.com', groups: ['dev'] }
let now = Date.UTC(2026, 10, 21)
let served: ServedProvider
let folder: string
let deps: LoginDeps

beforeAll(async () => {
  served = await serveProvider({ clients: [CLIENT], people: [ALICE], now: () => now })
  folder = await mkdtemp(join(tmpdir(), 'lanline-login-'))
  deps = { folder, now: () => now, sleep: () => Promise.resolve(), fetch }
})
afterAll(async () => {
  await served.close()
  await rm(folder, { recursive: true })
})

const issuer = async (): Promise<Issuer> => {
  const found = await discover({ issuer: served.issuer, clientId: CLIENT.clientId }, fetch)
  if (!found.ok) throw new Error(found.error.text)
  return found.value
}
/** The page a person would click on, with the choice made. */
const choose = (url: string, person: string) => fetch(`${url}&person=${person}`)

async function deviceTokens(person = 'alice') {
  return await loginByDevice(await issuer(), {
    fetch,
    now: () => now,
    sleep: (ms) => Promise.resolve(void (now += ms)),
    show: ({ completeUrl }) => void choose(completeUrl ?? '', person),
  })
}

const keep = async (name: string, tokens: Tokens) =>
  await writeLogin(loginPath(folder, name), {
    url: 'https://lanline.test',
    issuer: served.issuer,
    clientId: CLIENT.clientId,
    idToken: tokens.idToken,
    idTokenExpiresAt: (readClaims(tokens.idToken)?.exp ?? 0) * 1000,
    refreshToken: tokens.refreshToken,
  })

describe('logging in', () => {
  test('by a code on another machine, with pauses as long as the provider asks for', async () => {
    const tokens = await deviceTokens()
    expect(tokens.ok && readClaims(tokens.value.idToken)).toMatchObject({ sub: 'alice', email: 'alice@example.com' })
  })

  test('a person who says no ends it at once', async () => {
    expect(await deviceTokens('nobody')).toMatchObject({ ok: false, error: { error: 'access_denied' } })
  })

  test('by the browser of this machine: code, PKCE, state and nonce', async () => {
    const tokens = await loginByBrowser(await issuer(), {
      fetch,
      show: (url) => void choose(url, 'alice'),
      signal: new AbortController().signal,
    })
    expect(tokens.ok && readClaims(tokens.value.idToken)?.sub).toBe('alice')
  })

  test('a callback without our state is not taken for the answer', async () => {
    const statuses: number[] = []
    const tokens = await loginByBrowser(await issuer(), {
      fetch,
      show: (url) => {
        const back = new URL(url).searchParams.get('redirect_uri') ?? ''
        void fetch(`${back}?state=forged&code=stolen`).then(async ({ status }) => {
          statuses.push(status)
          await choose(url, 'alice')
        })
      },
      signal: new AbortController().signal,
    })
    expect([statuses, tokens.ok]).toEqual([[404], true])
  })

  test('a discovery document that names another issuer is refused', async () => {
    const found = await discover({ issuer: `${served.issuer}/`, clientId: 'x' }, fetch)
    expect(found).toMatchObject({ ok: false, error: { error: 'issuer-differs' } })
  })
})

describe('the identity token of a context', () => {
  beforeEach(async () => {
    const tokens = await deviceTokens()
    if (!tokens.ok) throw new Error(tokens.error.text)
    await keep('home', tokens.value)
  })

  test('is the kept one while it is good for a minute, and a new one afterwards', async () => {
    const first = await currentIdToken('home', deps)
    expect(await currentIdToken('home', deps)).toEqual(first)
    now += 9 * 60_000 + 1_000
    const renewed = await currentIdToken('home', deps)
    expect(renewed.ok && first.ok && renewed.value !== first.value).toBe(true)
    expect(renewed.ok && (readClaims(renewed.value)?.exp ?? 0) * 1000 - now).toBeGreaterThan(60_000)
  })

  test('is renewed by one of several callers; a refresh token that works once is not used twice', async () => {
    now += 3_600_000
    const before = served.provider.asked.filter((path) => path === '/token').length
    now = Date.now()
    const wait: LoginDeps = { ...deps, sleep: () => new Promise((next) => setImmediate(next)) }
    const login = await readLogin(loginPath(folder, 'home'))
    if (!login.ok || !login.value) throw new Error('no login')
    await writeLogin(loginPath(folder, 'home'), { ...login.value, idTokenExpiresAt: 0 })
    const all = await Promise.all([1, 2, 3, 4].map(() => currentIdToken('home', wait)))
    expect(new Set(all.map((each) => each.ok && each.value)).size).toBe(1)
    expect(served.provider.asked.filter((path) => path === '/token').length).toBe(before + 1)
  })

  test('a provider that no longer renews asks for a new login, exit code 4', async () => {
    served.provider.refreshTokens.clear()
    now += 3_600_000
    expect(await currentIdToken('home', deps)).toMatchObject({ ok: false, error: { exit: 4 } })
  })

  test('nobody logged in is exit code 4', async () => {
    expect(await currentIdToken('elsewhere', deps)).toMatchObject({ ok: false, error: { exit: 4 } })
  })

  test('the file is for its owner alone, and one that others can read is refused', async () => {
    const path = loginPath(folder, 'home')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await writeFile(loginPath(folder, 'open'), await readFile(path), { mode: 0o644 })
    expect(await currentIdToken('open', deps)).toMatchObject({ ok: false, error: { exit: 4 } })
    expect([await removeLogin(path), await removeLogin(path)]).toEqual([true, false])
  })
})
