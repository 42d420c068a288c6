import { createExecutionContext } from 'cloudflare:test'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { kindOfToken } from '#core/access/token-text.ts'
import { createApp } from '../../../workers/api/app.ts'
import { keepHouse } from '../../../workers/api/housekeeping.ts'
import { aSite } from '../../db/builders.ts'
import { call, env, given, migrate, send, TOKEN, type ProblemBody } from './client.ts'
import {
  aProvider,
  aToken,
  anAccount,
  bearer,
  bind,
  callAs,
  CLIENT_ID,
  login,
  putPolicy,
  readPolicy,
  rowsOf,
} from './people.ts'

const KEEPER = { role: 'admin', on: 'everything', to: { user: 'keeper@example.com' } } as const

beforeAll(async () => {
  await migrate()
  await given([aSite('home')])
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('an API token', () => {
  test('[A22] is shown once, has our form, and only its hash is kept', async () => {
    const token = await anAccount('ci', [{ role: 'reader', on: 'everything' }])
    expect(kindOfToken(token)).toBe('token')
    expect(JSON.stringify(await rowsOf('credentials'))).not.toContain(token.slice(5, 37))
    const { body } = await call('GET', '/v1/service-accounts/ci/tokens')
    expect(JSON.stringify(body)).not.toContain(token.slice(5, 37))
  })

  test('[A22] says when it was last used, written once in a quarter of an hour', async () => {
    const token = await anAccount('used', [{ role: 'reader', on: 'everything' }])
    const lastUse = async () => {
      const { body } = await call<{ items: { lastUsedAt?: string }[] }>('GET', '/v1/service-accounts/used/tokens')
      return body.items[0]?.lastUsedAt
    }
    const start = Date.now()
    for (const minutes of [0, 5, 14]) {
      vi.useFakeTimers({ toFake: ['Date'], now: start + minutes * 60_000 })
      await callAs(token, 'GET', '/v1/whoami')
      await vi.waitFor(async () => expect(await lastUse()).toBe(new Date(start).toISOString()))
    }
    vi.useFakeTimers({ toFake: ['Date'], now: start + 16 * 60_000 })
    await callAs(token, 'GET', '/v1/whoami')
    await vi.waitFor(async () => expect(await lastUse()).toBe(new Date(start + 16 * 60_000).toISOString()))
  })

  test('[A22] expired, revoked, mistyped, of an account that is gone: refused, each time', async () => {
    const short = await anAccount('short', [{ role: 'reader', on: 'everything' }], { expiresInDays: 1 })
    const other = await aToken('short')
    expect((await call('DELETE', `/v1/tokens/${other.id}`)).status).toBe(200)
    expect((await callAs(other.token, 'GET', '/v1/whoami')).body['code']).toBe('credential-revoked')
    const mistyped = short.slice(0, -1) + (short.endsWith('z') ? 'y' : 'z')
    expect((await send('GET', '/v1/whoami', { headers: bearer(mistyped) })).status).toBe(401)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_001 })
    expect((await callAs(short, 'GET', '/v1/whoami')).body['code']).toBe('credential-expired')
    vi.useRealTimers()
    await call('DELETE', '/v1/service-accounts/short')
    expect((await callAs(short, 'GET', '/v1/whoami')).body['code']).toBe('unauthorized')
    expect(
      (await readPolicy()).policy.bindings.filter(({ to }) => 'serviceAccount' in to && to.serviceAccount === 'short'),
    ).toEqual([])
  })

  test('[A22] makes no tokens, and nobody revokes those of others', async () => {
    const token = await anAccount('greedy', [{ role: 'operator', on: 'everything' }])
    const made = await callAs<ProblemBody>(token, 'POST', '/v1/tokens', { body: { name: 'more' } })
    expect([made.status, made.body.code]).toEqual([403, 'login-required'])
    const { id } = await aToken('ci')
    expect((await callAs(token, 'DELETE', `/v1/tokens/${id}`)).status).toBe(404)
  })

  test('[A22] of a person is theirs to make, list and revoke, and goes with their rights', async () => {
    const provider = await aProvider([{ subject: 'ann', email: 'ann@example.com' }])
    await bind({ user: 'ann@example.com' }, { role: 'operator', on: { site: 'home' } })
    const person = provider.options.people[0]!
    const session = (await login(await provider.keys.sign(provider.claimsOf(person, CLIENT_ID)))).body.token
    const body = { name: 'laptop', limit: { role: 'reader', on: { site: 'home' } } }
    const { body: made } = await callAs<{ token: string; id: string }>(session, 'POST', '/v1/tokens', { body })
    expect((await callAs(made.token, 'GET', '/v1/sites/home')).status).toBe(200)
    expect((await callAs(made.token, 'DELETE', '/v1/sites/home')).status).toBe(403)
    const { body: listed } = await callAs<{ items: { id: string; limit: unknown }[] }>(session, 'GET', '/v1/tokens')
    expect(listed.items).toMatchObject([{ id: made.id, limit: body.limit }])
    expect((await callAs(session, 'DELETE', `/v1/tokens/${made.id}`)).status).toBe(200)
    expect((await callAs(made.token, 'GET', '/v1/sites/home')).status).toBe(401)
  })

  test('an account has at most a hundred of them', async () => {
    await call('POST', '/v1/service-accounts', { body: { name: 'many' } })
    for (let i = 0; i < 100; i++) await aToken('many')
    const { status, body } = await call('POST', '/v1/service-accounts/many/tokens', { body: { name: 'one-more' } })
    expect([status, body['code']]).toEqual([409, 'too-many-credentials'])
  })
})

describe('the policy', () => {
  test('[A24] is refused, and nothing changes, when a test of its own does not hold', async () => {
    const before = await rowsOf('role_bindings')
    const dev = { role: 'operator', on: { site: 'home' }, to: { group: 'dev' } } as const
    const tests = [
      {
        as: { groups: ['dev'] },
        may: [{ role: 'reader', on: { site: 'home' } }],
        mayNot: [{ role: 'operator', on: { site: 'home' } }],
      },
      { as: { user: 'nobody@example.com' }, may: [{ role: 'reader', on: 'everything' }] },
    ]
    const { status, body } = await putPolicy({ bindings: [KEEPER, dev], tests })
    expect([status, body.code, body.errors?.map(({ pointer }) => pointer)]).toEqual([
      422,
      'policy-test-failed',
      ['/tests/0/mayNot/0', '/tests/1/may/0'],
    ])
    expect(await rowsOf('role_bindings')).toEqual(before)
  })

  test.each([
    ['a site that is not there', { role: 'reader', on: { site: 'nowhere' }, to: { group: 'g' } }, 'reference-missing'],
    [
      'a cluster that is not there',
      { role: 'reader', on: { cluster: 'none' }, to: { group: 'g' } },
      'reference-missing',
    ],
    [
      'an account that is not there',
      { role: 'reader', on: 'everything', to: { serviceAccount: 'none' } },
      'reference-missing',
    ],
    ['a role that is not there', { role: 'owner', on: 'everything', to: { group: 'g' } }, 'invalid-document'],
    [
      'a subject of two kinds',
      { role: 'reader', on: 'everything', to: { group: 'g', user: 'a@b' } },
      'invalid-document',
    ],
  ])('[A24] with %s is refused', async (_, binding, code) => {
    const { body } = await putPolicy({ bindings: [KEEPER, binding as typeof KEEPER] })
    expect(body.code).toBe(code)
  })

  test('[A24] that leaves nobody, or not its writer, able to change it is refused', async () => {
    expect((await putPolicy({ bindings: [{ role: 'reader', on: 'everything', to: { group: 'g' } }] })).body.code).toBe(
      'policy-locks-out',
    )
    const root = await anAccount('root', [{ role: 'admin', on: 'everything' }])
    expect((await putPolicy({ bindings: [KEEPER] }, '', bearer(root))).body.code).toBe('policy-locks-out')
    const own = { role: 'admin', on: 'everything', to: { serviceAccount: 'root' } } as const
    expect((await putPolicy({ bindings: [own] }, '', bearer(root))).status).toBe(200)
  })

  test('[A2] is changed only by who has read it, and a dry run writes nothing', async () => {
    const before = await readPolicy()
    const stale = await call('PUT', '/v1/policy', { body: before.policy, headers: { 'If-Match': '"policy.0"' } })
    expect(stale.status).toBe(412)
    expect((await call('PUT', '/v1/policy', { body: before.policy })).status).toBe(428)
    expect((await putPolicy({ bindings: [KEEPER] }, '?dryRun=true')).status).toBe(200)
    expect(await readPolicy()).toEqual(before)
  })
})

describe('the audit', () => {
  const entries = async (query: string) =>
    (await call<{ items: { id: number; action: string; actor: string; name: string }[] }>('GET', `/v1/audit${query}`))
      .body.items

  test('[A27] knows who made what, and is found by actor, action, subject and time', async () => {
    const token = await anAccount('scribe', [{ role: 'admin', on: 'everything' }])
    await callAs(token, 'POST', '/v1/service-accounts', { body: { name: 'made-by-scribe' } })
    const [made] = await entries('?actor=service-account:scribe')
    expect(made).toMatchObject({ action: 'service-account.created', kind: 'ServiceAccount', name: 'made-by-scribe' })
    expect(await entries('?action=service-account.created&name=made-by-scribe')).toEqual([made])
    expect(await entries(`?after=${made!.id}&actor=service-account:scribe`)).toEqual([])
    expect(await entries(`?since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([])
    for (const action of ['token.created', 'policy.changed', 'token.revoked', 'service-account.removed'])
      expect([action, (await entries(`?action=${action}`)).length > 0]).toEqual([action, true])
  })

  test('[A27] knows who has read it, once in ten minutes', async () => {
    const token = await anAccount('reader-of-all', [{ role: 'admin', on: 'everything' }])
    for (let i = 0; i < 4; i++) await callAs(token, 'GET', '/v1/audit')
    await vi.waitFor(async () =>
      expect(await entries('?action=audit.read&actor=service-account:reader-of-all')).toHaveLength(1),
    )
  })
})

test('[A27] the daily cron sweeps, and never takes an audit younger than a month', async () => {
  const days = (count: number) => Date.now() - count * 86_400_000
  for (const age of [366, 29])
    await env.DB.prepare("insert into audit values (null, ?, 'a', 'x', 'k', ?, 'u', null, 'r', '{}')")
      .bind(days(age), `aged-${age}`)
      .run()
  const names = async () =>
    (await rowsOf('audit')).map(({ name }) => String(name)).filter((name) => name.startsWith('aged-'))
  await keepHouse(env, Date.now())
  expect(await names()).toEqual(['aged-29'])
  await keepHouse({ ...env, AUDIT_DAYS: '1' }, Date.now())
  expect(await names()).toEqual(['aged-29'])
})

describe('limits', () => {
  test('[A29] whoever guesses credentials from one address is told to wait, and others are not', async () => {
    const from = (address: string) =>
      send('GET', '/v1/whoami', { headers: { ...bearer('guess'), 'CF-Connecting-IP': address } })
    const statuses: number[] = []
    // More than twice the limit, so that the minute may turn meanwhile.
    for (let i = 0; i < 70; i++) statuses.push((await from('192.0.2.1')).status)
    expect([statuses[0], new Set(statuses)]).toEqual([401, new Set([401, 429])])
    expect((await from('192.0.2.2')).status).toBe(401)
  })

  test('[A29] whoever asks too often is told to wait, by who they are', async () => {
    const asked: string[] = []
    const twice = {
      limit: ({ key }: { key: string }) => {
        asked.push(key)
        return Promise.resolve({ success: asked.filter((one) => one === key).length <= 2 })
      },
    }
    const app = createApp()
    const ask = async (token: string) =>
      (
        await app.request(
          '/v1/whoami',
          { headers: bearer(token) },
          { ...env, IDENTITY_LIMIT: twice },
          createExecutionContext(),
        )
      ).status
    const busy = await anAccount('busy', [])
    expect([await ask(busy), await ask(busy), await ask(busy), await ask(TOKEN)]).toEqual([200, 200, 429, 200])
    expect(new Set(asked)).toEqual(new Set(['service-account:busy', 'bootstrap']))
  })

  test('[A29] headers are bounded', async () => {
    const response = await send('GET', '/v1/whoami', { headers: { ...bearer(TOKEN), Cookie: 'x'.repeat(40_000) } })
    expect([response.status, (await response.json<ProblemBody>()).code]).toEqual([431, 'headers-too-large'])
  })
})

describe('the bootstrap token', () => {
  test('[A25] is exchanged once for the first admin and is good for nothing afterwards', async () => {
    const exchange = () =>
      call<ProblemBody & { token: string }>('POST', '/v1/bootstrap', { body: { serviceAccount: 'owner' } })
    const root = await anAccount('other-admin', [{ role: 'admin', on: 'everything' }])
    expect((await callAs(root, 'POST', '/v1/bootstrap', { body: { serviceAccount: 'x' } })).status).toBe(403)
    const { status, body } = await exchange()
    expect(status).toBe(201)
    expect((await callAs(body.token, 'GET', '/v1/whoami')).body).toMatchObject({
      name: 'owner',
      grants: [{ role: 'admin', on: 'everything' }],
    })
    for (const path of ['/v1/whoami', '/v1/sites'])
      expect((await call<ProblemBody>('GET', path)).body.code).toBe('bootstrap-ended')
    expect((await exchange()).body.code).toBe('bootstrap-ended')
    const audit = await rowsOf('audit')
    expect(audit.filter(({ action, actor }) => action === 'bootstrap.exchanged' && actor === 'bootstrap')).toHaveLength(
      1,
    )
    expect(JSON.stringify(await rowsOf('marks'))).not.toContain(TOKEN)
    expect(env.ADMIN_TOKEN).toBe(TOKEN)
  })
})
