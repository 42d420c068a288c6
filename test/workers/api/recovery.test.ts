import { beforeAll, describe, expect, test } from 'vitest'
import { createJoinToken, enrolAgent } from '#db/agents.ts'
import { openDb } from '#db/open.ts'
import { findCiphertextFor, insertSealedSecrets } from '#db/sealed-secrets.ts'
import { aClass, aCluster, aNetwork, aSite, aUid } from '../../db/builders.ts'
import { call, callsOf, env, given, letAnswer, migrate } from './client.ts'

/** Ciphertext for the owner's key goes out to whoever may have it, and leaves a mark. */
const db = () => openDb(env.DB)
let clusterUid: string
let siteUid: string
const goneUid = aUid()

beforeAll(async () => {
  await migrate()
  const uids = await given([aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')])
  clusterUid = uids['Cluster/home']!
  siteUid = uids['Site/home']!
  const sealed = { recipients: ['age1a'], createdAt: 1 }
  for (const version of [1, 2])
    await insertSealedSecrets(db(), { ...sealed, clusterUid, version, ciphertext: `sealed-${version}` })
  await insertSealedSecrets(db(), { ...sealed, clusterUid: goneUid, version: 1, ciphertext: 'sealed-gone' })
})

/** Of the newest bundle. */
const revealedAt = async () =>
  (
    await env.DB.prepare(
      'select revealed_at as at from sealed_secrets where cluster_uid = ? order by version desc limit 1',
    )
      .bind(clusterUid)
      .first<{ at: number | null }>()
  )?.at

const audited = async (action: string) => {
  const { body } = await call<{ items: { action: string; uid: string; facts: object }[] }>('GET', '/v1/audit?limit=100')
  return body.items.filter((row) => row.action === action)
}

describe('recoveries', () => {
  test('[K2] every bundle is listed as ciphertext, those of clusters that are gone included', async () => {
    const { status, body } = await call<{ items: object[] }>('POST', '/v1/recoveries', { body: { reveal: false } })
    expect([status, body.items]).toMatchObject([
      200,
      [
        { clusterUid, clusterName: 'home', site: 'home', version: 1, ciphertext: 'sealed-1' },
        { clusterUid, version: 2 },
        { clusterUid: goneUid, ciphertext: 'sealed-gone' },
      ],
    ])
    expect(await revealedAt()).toBeNull()
    expect(await audited('secrets.revealed')).toEqual([])
  })

  test('[K4] handing them to a person is audited, marks the clusters and wakes them', async () => {
    await call('POST', '/v1/recoveries', { body: { reveal: true } })
    expect((await audited('secrets.revealed')).map(({ uid }) => uid).toSorted()).toEqual(
      [clusterUid, clusterUid, goneUid].toSorted(),
    )
    expect(await revealedAt()).toBeTypeOf('number')
    expect((await callsOf('CLUSTER', clusterUid)).at(-1)).toEqual({ method: 'wake', args: [clusterUid, 0] })
    // A rotation brings a new bundle, which nobody has been given.
    const fresh = { clusterUid, version: 3, ciphertext: 'sealed-3', recipients: ['age1a'], createdAt: 2 }
    await insertSealedSecrets(db(), fresh)
    expect(await revealedAt()).toBeNull()
  })

  test('more bundles than a page come with a cursor; a foreign cursor is refused', async () => {
    for (let i = 0; i < 25; i++)
      await insertSealedSecrets(db(), { clusterUid: aUid(), version: 1, ciphertext: 'x', recipients: [], createdAt: 3 })
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const { body } = await call<{ items: unknown[]; nextCursor?: string }>('POST', '/v1/recoveries', {
        body: { reveal: false, cursor },
      })
      expect(body.items.length).toBeLessThanOrEqual(20)
      seen.push(...body.items)
      cursor = body.nextCursor
    } while (cursor !== undefined)
    expect(seen).toHaveLength(29)
    expect((await call('POST', '/v1/recoveries', { body: { reveal: false, cursor: 'eA' } })).status).toBe(400)
    expect((await call('POST', '/v1/recoveries', { body: {} })).status).toBe(422)
  })
})

describe('an export', () => {
  test('[K2] has the newest bundle, the documents and the places of the machines, and [K4] leaves its mark', async () => {
    const before = (await audited('secrets.revealed')).length
    const placement = { clusterUid, machineId: 'm' }
    await letAnswer('SITE', siteUid, { ledger: { placements: [placement, { clusterUid: goneUid }] } })
    const { status, body } = await call<{ documents: { kind: string }[]; sealed: object; placements: object[] }>(
      'POST',
      '/v1/clusters/home/exports',
    )
    expect([status, body.sealed, body.placements]).toMatchObject([
      200,
      { version: 3, ciphertext: 'sealed-3' },
      [placement],
    ])
    expect(body.documents.map(({ kind }) => kind).toSorted()).toEqual(['Cluster', 'MachineClass', 'Network', 'Site'])
    expect((await audited('secrets.revealed')).length).toBe(before + 1)
    expect(await revealedAt()).toBeTypeOf('number')
    expect((await call('POST', '/v1/clusters/none/exports')).status).toBe(404)
  })
})

describe('a sealed copy', () => {
  test('[K2] is kept for one agent of the same site, and what others get is not changed by it', async () => {
    const id = aUid()
    const agent = { id, identityKey: 'k', ageRecipient: 'a', fingerprint: 'f', hostname: 'h', version: '1' }
    const actor = { actor: 't', requestId: 'r', at: 1 }
    const token = { hash: 'h-1', siteUid, siteName: 'home', createdAt: 1, expiresAt: 10, approve: true }
    await createJoinToken(db(), token, actor)
    await enrolAgent(db(), { tokenHash: 'h-1', agent, at: 2, requestId: 'r' })
    const path = `/v1/sites/home/agents/${id}/sealed-copies`
    const body = { clusterUid, version: 1, ciphertext: 'for the new one' }
    expect((await call('POST', path, { body })).status).toBe(201)
    expect(await findCiphertextFor(db(), id, clusterUid, 1)).toBe('for the new one')
    expect(await findCiphertextFor(db(), aUid(), clusterUid, 1)).toBe('sealed-1')
    for (const wrong of [
      { ...body, clusterUid: goneUid },
      { ...body, version: 9 },
    ])
      expect((await call('POST', path, { body: wrong })).status).toBe(404)
    expect((await call('POST', `/v1/sites/home/agents/${aUid()}/sealed-copies`, { body })).status).toBe(404)
    expect(await audited('secrets.copied')).toMatchObject([{ facts: { agentId: id, clusterUid, version: 1 } }])
  })
})
