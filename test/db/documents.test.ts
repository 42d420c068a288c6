import { beforeAll, describe, expect, test } from 'vitest'
import type { Document } from '#core/model/document.ts'
import { listAudit } from '#db/audit.ts'
import {
  findDocument,
  findDocumentByUid,
  listDocuments,
  markDeleting,
  removeDocument,
  writeDocuments,
} from '#db/documents.ts'
import type { Db } from '#db/open.ts'
import { readScope, type Scope } from '#db/scope.ts'
import { publishStatus } from '#db/statuses.ts'
import { aClass, aCluster, aNetwork, aSite, aUid } from './builders.ts'
import { aCountingDatabase, aDatabase } from './database.ts'

const actor = { actor: 'tester', requestId: 'r-1', at: 1_000 }
const nothing: Scope = { named: [], sites: [], networks: [], machineClasses: [] }
const only = (document: Document): Scope => ({
  ...nothing,
  named: [{ kind: document.kind, name: document.metadata.name }],
})

let db: Db
beforeAll(async () => {
  db = await aDatabase()
})

async function put(document: Document, uid = aUid(), generation = 1) {
  const scope = only(document)
  const { mark } = await readScope(db, scope)
  const writes = [{ document, uid, generation, createdAt: 1_000 }]
  const written = await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark } }, actor)
  expect(written.ok).toBe(true)
  return uid
}

describe('documents', () => {
  test('what is written is read back whole, by name and by uid', async () => {
    const document = { ...aSite('read-back'), metadata: { name: 'read-back', labels: { a: 'b' } } }
    const uid = await put(document)
    const stored = { ...document, uid, generation: 1, createdAt: 1_000, updatedAt: 1_000 }
    expect(await findDocument(db, 'Site', 'read-back')).toEqual(stored)
    expect(await findDocumentByUid(db, uid)).toEqual(stored)
    expect(await findDocument(db, 'Cluster', 'read-back')).toBeUndefined()
  })

  test('[A5] a write decided from a scope that moved writes nothing at all', async () => {
    const uid = await put(aClass('raced'))
    const scope = only(aClass('raced'))
    const { mark } = await readScope(db, scope)
    await put(aClass('raced', { cpu: 6 }), uid, 2)

    const before = await listAudit(db, { limit: 100 })
    const writes = [
      { document: aClass('bystander'), uid: aUid(), generation: 1, createdAt: 1_000 },
      { document: aClass('raced', { cpu: 8 }), uid, generation: 2, createdAt: 1_000 },
    ]
    const lost = await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark } }, actor)
    expect(lost).toEqual({ ok: false, error: 'lost' })
    expect(await findDocument(db, 'MachineClass', 'bystander')).toBeUndefined()
    expect(await findDocument(db, 'MachineClass', 'raced')).toMatchObject({ generation: 2, spec: { cpu: 6 } })
    expect(await listAudit(db, { limit: 100 })).toEqual(before)
  })

  test('of two creations of one name exactly one happens', async () => {
    const scope = only(aClass('twice'))
    const { mark } = await readScope(db, scope)
    const attempts = [aUid(), aUid()].map((uid) =>
      writeDocuments(
        db,
        {
          writes: [{ document: aClass('twice'), uid, generation: 1, createdAt: 1_000 }],
          replacedUids: [],
          guard: { scope, mark },
        },
        actor,
      ),
    )
    const outcomes = (await Promise.all(attempts)).map((outcome) => outcome.ok)
    expect(outcomes.filter(Boolean)).toHaveLength(1)
  })

  test('a fault of the database is not mistaken for a lost race', async () => {
    const scope = only(aClass('other'))
    const { mark } = await readScope(db, scope)
    // The scope stands, but does not cover what is written: the unique index refuses.
    await put(aClass('fault'))
    const writes = [{ document: aClass('fault'), uid: aUid(), generation: 1, createdAt: 1 }]
    await expect(writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark } }, actor)).rejects.toThrow(
      'UNIQUE',
    )
  })

  test('[A5] a scope sees new clusters of its site, so that a check across clusters cannot be outrun', async () => {
    const scope: Scope = { ...nothing, sites: ['shared'] }
    const { mark } = await readScope(db, scope)
    await put(aCluster('newcomer', { site: 'shared' }))
    const writes = [{ document: aCluster('slow', { site: 'shared' }), uid: aUid(), generation: 1, createdAt: 1 }]
    const lost = await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark } }, actor)
    expect(lost).toEqual({ ok: false, error: 'lost' })
  })

  test('a scope follows networks and machine classes to the clusters that use them', async () => {
    await put(aNetwork('used', { site: 'elsewhere' }))
    await put(aCluster('user', { site: 'elsewhere', nodeNetwork: 'used', controlPlane: cpOf('used-class') }))
    const names = async (scope: Partial<Scope>) =>
      (await readScope(db, { ...nothing, ...scope })).documents.map(({ stored }) => stored.metadata.name)
    expect(await names({ networks: ['used'] })).toEqual(['user'])
    expect(await names({ machineClasses: ['used-class'] })).toEqual(['user'])
    expect(await names({ sites: ['elsewhere'] })).toEqual(['used', 'user'])
    expect(await names({})).toEqual([])
  })

  test('a hundred documents take as many statements as one', async () => {
    const countOf = async (size: number, prefix: string) => {
      const counted = aCountingDatabase()
      const documents = Array.from({ length: size }, (_, n) => aClass(`${prefix}-${n}`))
      const scope = { ...nothing, named: documents.map(({ kind, metadata }) => ({ kind, name: metadata.name })) }
      const { mark } = await readScope(counted.db, scope)
      const writes = documents.map((document) => ({ document, uid: aUid(), generation: 1, createdAt: 1 }))
      const written = await writeDocuments(counted.db, { writes, replacedUids: [], guard: { scope, mark } }, actor)
      expect(written.ok).toBe(true)
      return counted.statementCount()
    }
    expect(await countOf(100, 'hundred')).toBe(await countOf(1, 'single'))
  })

  test('a hundred documents fit into one write', async () => {
    const documents = Array.from({ length: 100 }, (_, n) => aClass(`many-${n}`))
    const scope = { ...nothing, named: documents.map(({ kind, metadata }) => ({ kind, name: metadata.name })) }
    const { mark } = await readScope(db, scope)
    const writes = documents.map((document) => ({ document, uid: aUid(), generation: 1, createdAt: 1 }))
    expect(await writeDocuments(db, { writes, replacedUids: [], guard: { scope, mark } }, actor)).toMatchObject({
      ok: true,
    })
    expect((await readScope(db, scope)).documents).toHaveLength(100)
  })

  test('a cluster that is gone counts as not existing, and its name can be taken over', async () => {
    const document = aCluster('phoenix', { site: 'ashes' })
    const uid = await put(document)
    const status = { phase: 'gone', bootstrapped: true }
    await publishStatus(db, { uid, kind: 'Cluster', phase: 'gone', status, observedGeneration: 1, at: 5 })
    expect(await findDocument(db, 'Cluster', 'phoenix')).toBeUndefined()
    expect((await listDocuments(db, 'Cluster', { limit: 100 })).map((one) => one.metadata.name)).not.toContain(
      'phoenix',
    )

    const scope = only(document)
    const answer = await readScope(db, scope)
    expect(answer.documents).toMatchObject([{ stored: { uid }, phase: 'gone', status }])
    const successor = aUid()
    const writes = [{ document, uid: successor, generation: 1, createdAt: 2_000 }]
    const guard = { scope, mark: answer.mark }
    expect(await writeDocuments(db, { writes, replacedUids: [uid], guard }, actor)).toMatchObject({ ok: true })
    expect(await findDocument(db, 'Cluster', 'phoenix')).toMatchObject({ uid: successor, generation: 1 })
    expect(await findDocumentByUid(db, uid)).toBeUndefined()
  })

  test('deletion of a cluster is marked once and keeps its ETag', async () => {
    const document = aCluster('leaving', { site: 'somewhere' })
    const uid = await put(document)
    const scope = only(document)
    for (const at of [7_000, 8_000]) {
      const stored = (await findDocumentByUid(db, uid))!
      const { mark } = await readScope(db, scope)
      expect(await markDeleting(db, stored, { scope, mark }, { ...actor, at })).toMatchObject({ ok: true })
    }
    expect(await findDocument(db, 'Cluster', 'leaving')).toMatchObject({ generation: 1, deletingAt: 7_000 })
  })

  test('a removed document is gone, and its removal is in the audit with who and when', async () => {
    const uid = await put(aNetwork('short-lived', { site: 'nowhere' }))
    const stored = (await findDocumentByUid(db, uid))!
    const scope = only(stored)
    const { mark } = await readScope(db, scope)
    await removeDocument(db, stored, { scope, mark }, { actor: 'owner', requestId: 'r-9', at: 9_000 })
    expect(await findDocumentByUid(db, uid)).toBeUndefined()
    const [newest] = await listAudit(db, { limit: 1 })
    expect(newest).toMatchObject({
      at: 9_000,
      actor: 'owner',
      requestId: 'r-9',
      action: 'document.removed',
      kind: 'Network',
      name: 'short-lived',
      uid,
      generation: 1,
      facts: {},
    })
  })

  test('lists page by name', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await put(aSite(name))
    const first = await listDocuments(db, 'Site', { limit: 2, after: 'page' })
    const second = await listDocuments(db, 'Site', { limit: 2, after: 'page-b' })
    expect(first.map((one) => one.metadata.name)).toEqual(['page-a', 'page-b'])
    expect(second[0]?.metadata.name).toBe('page-c')
  })
})

const cpOf = (className: string) => ({ class: className, schedulable: false, machines: { 'cp-1': '192.168.1.51' } })
