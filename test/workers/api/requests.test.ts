import { beforeAll, describe, expect, test } from 'vitest'
import { aCluster, aClass, aNetwork, aSite } from '../../db/builders.ts'
import { call, given, migrate, send, TOKEN, type ProblemBody } from './client.ts'

/** What somebody meets who talks to the API by hand. */
const CREATE = { 'If-None-Match': '*' }
const byHand = aClass('by-hand')

beforeAll(migrate)

describe('a request that is not well formed', () => {
  test.each([
    ['a name that is none', '/v1/clusters/HOME', 'name', /lower-case/],
    ['a limit out of range', '/v1/clusters?limit=1000', 'limit', /100/],
    ['a word that is no boolean', '/v1/clusters/home?dryRun=1', 'dryRun', /true/],
  ])('is told what is wrong with %s', async (_title, path, field, message) => {
    const method = path.includes('dryRun') ? 'DELETE' : 'GET'
    const { status, body } = await call<ProblemBody>(method, path, { headers: { 'If-Match': '"x.1"' } })
    expect(status).toBe(400)
    expect(body.errors).toMatchObject([{ path: field, message: expect.stringMatching(message) }])
  })

  test('[A6] never writes because of a misspelt query parameter', async () => {
    const path = '/v1/machineclasses/by-hand'
    const { status, body } = await call<ProblemBody>('PUT', `${path}?dryrun=true`, { body: byHand, headers: CREATE })
    expect([status, body.errors?.[0]?.path]).toEqual([400, 'dryrun'])
    expect((await call('GET', path)).status).toBe(404)
  })

  test('is told to send JSON when it sends something else', async () => {
    const headers = { ...CREATE, 'Content-Type': 'text/plain' }
    const { status, body } = await call<ProblemBody>('PUT', '/v1/machineclasses/by-hand', { body: byHand, headers })
    expect([status, body.facts]).toEqual([400, { reason: 'send the body as Content-Type: application/json' }])
  })

  test('does not take a path with an empty name for an object', async () => {
    expect((await call('GET', '/v1/clusters/')).status).toBe(404)
  })
})

describe('preconditions by hand', () => {
  test('[A2] a star is based on nothing, and is refused as such', async () => {
    await given([aClass('starred')])
    const changed = { ...aClass('starred'), spec: { cpu: 6, memory: '8Gi', disks: [{ size: '32Gi' }] } }
    const sent = { body: changed, headers: { 'If-Match': '*' } }
    expect((await call('PUT', '/v1/machineclasses/starred', sent)).status).toBe(428)
  })

  test('[A2] an ETag that a proxy made weak still names its generation', async () => {
    await given([aClass('weakened')])
    const etag = (await call('GET', '/v1/machineclasses/weakened')).headers.get('ETag')
    const sent = { body: aClass('weakened'), headers: { 'If-Match': `W/${etag}` } }
    expect((await call('PUT', '/v1/machineclasses/weakened', sent)).status).toBe(200)
  })
})

describe('a browser', () => {
  test('[A1] is asked for a password, in a challenge of its own', async () => {
    const challengeFor = async (accept: string) =>
      (await send('GET', '/docs', { headers: { Accept: accept } })).headers.get('WWW-Authenticate')
    expect(await challengeFor('text/html,application/xhtml+xml')).toMatch(/^Basic /)
    expect(await challengeFor('*/*')).toMatch(/^Bearer /)
  })
})

describe('the events of a cluster', () => {
  test('come to curl as it is', async () => {
    await given([aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')])
    const asked = async (accept: string) =>
      (await send('GET', '/v1/clusters/home/events', { headers: { Authorization: `Bearer ${TOKEN}`, Accept: accept } }))
        .status
    expect(await asked('application/json')).toBe(400)
    expect(await asked('*/*')).toBe(200)
  })
})
