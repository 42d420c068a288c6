import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { findStatus } from '#db/statuses.ts'
import { aSite } from '../../db/builders.ts'
import { aStory } from '../support/first-story.ts'
import { aMigratedDb, alarmOf, newUid, sitePort, siteStub, until, writeDocument } from '../support/relay-world.ts'

/** A writer arms the alarm before it writes: what it wakes afterwards may be lost. */
describe('a write that was promised', () => {
  test('[S7] arms the alarm for the time after it, which the wake after the write does not take away', async () => {
    const { siteUid } = await aStory()
    const before = Date.now()
    for (const inMs of [30_000, 0]) {
      await sitePort(siteUid).wake(siteUid, inMs)
      const armed = await alarmOf(siteStub(siteUid))
      expect(armed! - before).toBeGreaterThanOrEqual(30_000)
      expect(armed! - before).toBeLessThan(40_000)
    }
  })

  test('[S7] is found although the wake after it was lost, and then the site sleeps', async () => {
    const { db, siteUid, name } = await aStory()
    await sitePort(siteUid).wake(siteUid, 50)
    await writeDocument(db, siteUid, aSite(name), { generation: 2 })
    await until('the site has read its document', async () => {
      const status = await findStatus(db, siteUid)
      return status?.observedGeneration === 2
    })
    await until('the site sleeps', async () => (await alarmOf(siteStub(siteUid))) === null)
    expect(await findStatus(db, siteUid)).toMatchObject({ kind: 'Site', observedGeneration: 2 })
  })

  test('leaves nothing behind when it never came', async () => {
    const db = await aMigratedDb()
    const siteUid = newUid()
    await sitePort(siteUid).wake(siteUid, 20)
    await until('nothing is kept', () =>
      runInDurableObject(siteStub(siteUid), (_object, state) => {
        const tables = [
          ...state.storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name = 'mail'"),
        ]
        return tables.length === 0
      }),
    )
    expect(await alarmOf(siteStub(siteUid))).toBeNull()
    expect(await findStatus(db, siteUid)).toBeUndefined()
  })
})
