import { beforeAll, describe, expect, test } from 'vitest'
import { createJoinToken, enrolAgent, findAgent, listAgents, revokeAgent } from '#db/agents.ts'
import { listAudit } from '#db/audit.ts'
import { writeDocuments } from '#db/documents.ts'
import type { Db } from '#db/open.ts'
import { findSealedSecrets, insertSealedSecrets, sealedSecretsVersion } from '#db/sealed-secrets.ts'
import { findStatus, publishStatus, statusesOf } from '#db/statuses.ts'
import { gatherCluster, gatherSite } from '#db/gather.ts'
import { joinTokens } from '#db/schema.ts'
import { aClass, aCluster, anIsolatedNetwork, aNetwork, aSite, aUid } from './builders.ts'
import { aDatabase } from './database.ts'

const actor = { actor: 'tester', requestId: 'r-1', at: 1_000 }
const siteUid = aUid()
const clusterUid = aUid()
let db: Db

beforeAll(async () => {
  db = await aDatabase()
  const scope = { named: [], sites: [], networks: [], machineClasses: [] }
  const documents = [aSite('home'), aNetwork('lan'), aClass('cp-small'), aCluster('home')]
  const uids = [siteUid, aUid(), aUid(), clusterUid]
  const writes = documents.map((document, n) => ({ document, uid: uids[n]!, generation: 1, createdAt: 1 }))
  await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark: '' } }, actor)
})

const aToken = async (hash: string, expiresAt = 10_000, site = siteUid) =>
  await createJoinToken(db, { hash, siteUid: site, siteName: 'home', createdAt: 1_000, expiresAt }, actor)

const anAgent = (id = aUid()) => ({
  id,
  identityKey: 'k'.repeat(43),
  ageRecipient: `age1${'q'.repeat(58)}`,
  fingerprint: 'f'.repeat(64),
  hostname: 'agent-vm',
  version: '0.1.0',
})

const enrol = async (tokenHash: string, at = 2_000, agent = anAgent()) =>
  await enrolAgent(db, { tokenHash, agent, at, requestId: 'r-2' })

describe('join tokens', () => {
  test('a token admits one agent to its site', async () => {
    await aToken('t-1')
    const agent = anAgent()
    const enrolled = await enrol('t-1', 2_000, agent)
    expect(enrolled).toEqual({ ...agent, siteUid, siteName: 'home', enrolledAt: 2_000 })
    expect(await findAgent(db, agent.id)).toMatchObject({ ...agent, siteUid, enrolledAt: 2_000 })
    const [newest] = await listAudit(db, { limit: 1 })
    expect(newest).toMatchObject({
      actor: `agent:${agent.id}`,
      action: 'agent.enrolled',
      name: 'home',
      facts: { agentId: agent.id, fingerprint: agent.fingerprint },
    })
  })

  test('expired tokens of a site go when it gets a new one, so that they never pile up', async () => {
    await aToken('t-old', 1_000)
    await aToken('t-new')
    expect((await db.select().from(joinTokens)).map(({ hash }) => hash)).not.toContain('t-old')
    expect(await enrol('t-new')).toBeDefined()
  })

  test('of ten agents racing for one token within a millisecond exactly one is admitted', async () => {
    await aToken('t-race')
    const outcomes = await Promise.all(Array.from({ length: 10 }, async () => await enrol('t-race')))
    const admitted = outcomes.filter((outcome) => outcome !== undefined)
    expect(admitted).toHaveLength(1)
    const listed = (await listAgents(db, siteUid)).map((agent) => agent.id)
    expect(outcomes.flatMap((outcome) => outcome?.id ?? []).every((id) => listed.includes(id))).toBe(true)
  })

  test('an unknown, a used and an expired token admit nobody and write nothing', async () => {
    await aToken('t-used')
    await enrol('t-used')
    await aToken('t-expired', 1_500)
    await aToken('t-siteless', 10_000, aUid())
    const before = await listAudit(db, { limit: 100 })
    for (const hash of ['t-unknown', 't-used', 't-expired', 't-siteless']) expect(await enrol(hash)).toBeUndefined()
    expect(await listAudit(db, { limit: 100 })).toEqual(before)
  })

  test('revoking is final and keeps its first time', async () => {
    await aToken('t-revoke')
    const enrolled = (await enrol('t-revoke'))!
    for (const at of [3_000, 4_000]) {
      const agent = (await findAgent(db, enrolled.id))!
      await revokeAgent(db, agent, 'home', { ...actor, at })
    }
    expect(await findAgent(db, enrolled.id)).toMatchObject({ revokedAt: 3_000 })
  })
})

describe('sealed secrets', () => {
  test('what was sealed first is never overwritten', async () => {
    const first = { clusterUid, version: 1, ciphertext: 'first', recipients: ['age1a', 'age1b'], createdAt: 1 }
    expect(await sealedSecretsVersion(db, clusterUid)).toBe(0)
    expect(await insertSealedSecrets(db, first)).toBe('inserted')
    expect(await insertSealedSecrets(db, { ...first, ciphertext: 'second' })).toBe('exists')
    expect(await findSealedSecrets(db, clusterUid, 1)).toMatchObject(first)
    expect(await findSealedSecrets(db, clusterUid, 2)).toBeUndefined()
    expect(await sealedSecretsVersion(db, clusterUid)).toBe(1)
  })
})

describe('statuses', () => {
  test('publishing replaces the one row of the object', async () => {
    const uid = siteUid
    for (const phase of ['waiting', 'ready'])
      await publishStatus(db, { uid, kind: 'Site', phase, status: { phase }, observedGeneration: 2, at: 7 })
    const published = {
      uid,
      kind: 'Site',
      phase: 'ready',
      status: { phase: 'ready' },
      observedGeneration: 2,
      updatedAt: 7,
    }
    expect(await findStatus(db, uid)).toEqual(published)
    expect(await statusesOf(db, [uid, aUid()])).toEqual(new Map([[uid, published]]))
    expect(await findStatus(db, aUid())).toBeUndefined()
  })

  test('what has no document any more gets no row, so that nothing stays behind', async () => {
    const uid = aUid()
    await publishStatus(db, { uid, kind: 'Site', phase: 'offline', status: {}, observedGeneration: 1, at: 7 })
    expect(await findStatus(db, uid)).toBeUndefined()
  })
})

describe('gather', () => {
  test('a cluster comes with what it refers to and the version of its secrets', async () => {
    expect(await gatherCluster(db, clusterUid)).toMatchObject({
      cluster: { uid: clusterUid, kind: 'Cluster' },
      site: { uid: siteUid, kind: 'Site' },
      networks: { lan: { kind: 'Network' } },
      machineClasses: { 'cp-small': { kind: 'MachineClass' } },
      secretsVersion: 1,
    })
    expect(await gatherCluster(db, aUid())).toBeUndefined()
    expect(await gatherCluster(db, siteUid)).toBeUndefined()
  })

  test('a cluster comes with the networks of its site and the classes that its worker sets name', async () => {
    const uid = aUid()
    const general = { class: 'worker', count: 2, nics: ['lan', 'storage'] }
    const documents = [anIsolatedNetwork('storage'), aClass('worker'), aClass('unused')]
    const writes = [...documents, aCluster('wide', { workers: { general } })].map((document) => ({
      document,
      uid: document.kind === 'Cluster' ? uid : aUid(),
      generation: 1,
      createdAt: 1,
    }))
    const scope = { named: [], sites: [], networks: [], machineClasses: [] }
    await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark: '' } }, actor)
    const gathered = await gatherCluster(db, uid)
    expect(Object.keys(gathered?.networks ?? {}).toSorted()).toEqual(['lan', 'storage'])
    expect(Object.keys(gathered?.machineClasses ?? {}).toSorted()).toEqual(['cp-small', 'worker'])
  })

  test('a site comes with its networks and its clusters, gone ones left out', async () => {
    const gathered = await gatherSite(db, siteUid)
    expect(gathered?.networks.map((network) => network.metadata.name).toSorted()).toEqual(['lan', 'storage'])
    const found = { uid: clusterUid, name: 'home', document: { uid: clusterUid } }
    expect(gathered?.clusters).toContainEqual(
      expect.objectContaining({ ...found, document: expect.objectContaining(found.document) }),
    )
    await publishStatus(db, {
      uid: clusterUid,
      kind: 'Cluster',
      phase: 'gone',
      status: {},
      observedGeneration: 1,
      at: 1,
    })
    expect((await gatherSite(db, siteUid))?.clusters.map(({ name }) => name)).toEqual(['wide'])
    expect(await gatherSite(db, clusterUid)).toBeUndefined()
  })
})
