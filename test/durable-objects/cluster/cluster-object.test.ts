import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test, vi } from 'vitest'
import type { Operation } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import { findSealedSecrets, insertSealedSecrets, listSealedSecrets, revealSealedSecrets } from '#db/sealed-secrets.ts'
import type { OperationNews } from '#durable-objects/ports.ts'
import type { ClusterObject } from '#durable-objects/cluster/cluster-object.ts'
import { RETRY_MS } from '#durable-objects/retry.ts'
import { aStory, clusterDocument, type Story } from '../support/first-story.ts'
import {
  alarmOf,
  clusterPort,
  clusterStatusOf,
  clusterStub,
  newUid,
  ring,
  sitePort,
  until,
  writeDocument,
} from '../support/relay-world.ts'
import { MODES, play, sleep } from '../support/run-story.ts'
import { createScriptedAgent } from '../support/scripted-agent.ts'

const operationsOf = async ({ clusterUid }: Story): Promise<readonly Operation[]> =>
  clusterPort(clusterUid).operations({ limit: 100 })

const newsOf = (operation: Operation) => ({ operationId: operation.operationId, attempt: operation.attempt })

/** A cluster whose first operation, secrets.create, lies unanswered at an agent that does nothing by itself. */
async function aWaitingCluster(mode: 'awake' | 'hibernating' = 'awake') {
  const story = await aStory()
  const agent = createScriptedAgent({ siteUid: story.siteUid, diligent: false })
  await clusterPort(story.clusterUid).wake(story.clusterUid, 0)
  await agent.connect()
  await play(agent, story, mode, 'the agent has work', () =>
    [...agent.journal.values()].some((e) => e.offer.kind === 'secrets.create'),
  )
  const operation = await until('it runs', async () =>
    (await operationsOf(story)).find((item) => item.kind === 'secrets.create' && item.state === 'running'),
  )
  return { story, agent, operation }
}

describe('secrets in the hands of a person', () => {
  test('[K4] are a finding of the cluster until it has a new bundle', async () => {
    const { db, clusterUid } = await aStory()
    const sealed = { clusterUid, ciphertext: 'sealed', recipients: [], createdAt: 1 }
    await insertSealedSecrets(db, { ...sealed, version: 1 })
    const findings = async () => (await clusterStatusOf(db, clusterUid))?.findings.map(({ code }) => code)
    const look = async () => {
      await clusterPort(clusterUid).wake(clusterUid, 0)
      await ring(clusterStub(clusterUid))
      return await findings()
    }
    expect(await until('a status', look)).not.toContain('secrets-revealed')
    const listed = await listSealedSecrets(db, { limit: 1, clusterUid })
    await revealSealedSecrets(db, listed, { actor: 'owner', requestId: 'r', at: 5 })
    await until('it shows', async () => (await look())?.includes('secrets-revealed'))
    await insertSealedSecrets(db, { ...sealed, version: 2 })
    await until('it goes', async () => !(await look())?.includes('secrets-revealed'))
  })
})

describe('waking', () => {
  test('[C2] a wake only ever pulls the alarm earlier', async () => {
    const uid = newUid()
    await clusterPort(uid).wake(uid, 60_000)
    const late = await alarmOf(clusterStub(uid))
    await clusterPort(uid).wake(uid, 30_000)
    const early = await alarmOf(clusterStub(uid))
    await clusterPort(uid).wake(uid, 90_000)
    expect(early).toBeLessThan(late!)
    expect(await alarmOf(clusterStub(uid))).toBe(early)
  })

  test('[C2] a look before the promised write does not take away the look after it', async () => {
    const { db, clusterUid, siteUid } = await aStory()
    await db.run(`DELETE FROM documents WHERE uid = '${clusterUid}'`)
    await clusterPort(clusterUid).wake(clusterUid, 30_000)
    const promised = await alarmOf(clusterStub(clusterUid))
    expect(await ring(clusterStub(clusterUid))).toBe(true)
    await sleep(clusterStub(clusterUid))
    expect(await alarmOf(clusterStub(clusterUid))).toBe(promised)
    expect(siteUid).not.toBe(clusterUid)
  })

  test('[C2] a wake that comes while the alarm runs is not swallowed by its end', async () => {
    const { clusterUid } = await aStory()
    await clusterPort(clusterUid).wake(clusterUid, 60_000)
    await runInDurableObject(clusterStub(clusterUid), async (object: ClusterObject, state) => {
      state.storage.sql.exec("DELETE FROM meta WHERE key = 'promised-at'")
      const deleteAlarm = vi.spyOn(state.storage, 'deleteAlarm')
      const running = object.alarm()
      await object.wake(clusterUid, 0)
      await running
      expect(deleteAlarm).not.toHaveBeenCalled()
      deleteAlarm.mockRestore()
    })
  })

  test('[C3] a cluster that can only wait for its agent has a hold and no alarm', async () => {
    const { db, clusterUid } = await aStory()
    await clusterPort(clusterUid).wake(clusterUid, 0)
    const status = await until('a status', () => clusterStatusOf(db, clusterUid))
    expect(status.phase).toBe('waiting')
    expect(status.waiting.map((hold) => hold.code)).toContain('agent-offline')
    await until('no alarm', async () => (await alarmOf(clusterStub(clusterUid))) === null)
  })

  test('[C6] a turn that fails leaves an alarm, later each time, and the next one that works resets it', async () => {
    const { db, clusterUid } = await aStory()
    await db.run('ALTER TABLE statuses RENAME TO statuses_away')
    await clusterPort(clusterUid).wake(clusterUid, 60_000)
    const pauses: number[] = []
    for (let i = 0; i < 3; i++) {
      await ring(clusterStub(clusterUid))
      pauses.push(((await alarmOf(clusterStub(clusterUid))) ?? 0) - Date.now())
    }
    await db.run('ALTER TABLE statuses_away RENAME TO statuses')
    expect(pauses.map((pause) => Math.round(pause / RETRY_MS))).toEqual([1, 2, 4])
    await ring(clusterStub(clusterUid))
    expect(await clusterStatusOf(db, clusterUid)).toBeDefined()
    await runInDurableObject(clusterStub(clusterUid), (_object, state) => {
      expect([...state.storage.sql.exec("SELECT * FROM meta WHERE key = 'failures'")]).toEqual([])
    })
  })

  test('an object nobody knows answers nothing and is not disturbed by news', async () => {
    const uid = newUid()
    await clusterPort(uid).report([{ type: 'accepted', operationId: `${uid}-1`, attempt: 1, at: 1 }])
    expect(await clusterPort(uid).operations({ limit: 10 })).toEqual([])
    expect(await clusterPort(uid).remembered()).toEqual({
      bootstrap: undefined,
      contract: undefined,
      machines: [],
      operations: [],
      locks: [],
    })
    expect(await alarmOf(clusterStub(uid))).toBeNull()
  })
})

describe.each(MODES)('news of operations ($mode)', ({ mode }) => {
  test('[C5] the ciphertext is in D1 before its operation counts, and nowhere in the object', async () => {
    const { story, operation } = await aWaitingCluster(mode)
    const output = { version: 1, ciphertext: 'age-encrypted-bundle', recipients: ['age1owner'] }
    const news: OperationNews = {
      type: 'finished',
      ...newsOf(operation),
      at: Date.now(),
      result: { outcome: 'succeeded', output },
    }
    await clusterPort(story.clusterUid).report([news])
    expect(await findSealedSecrets(story.db, story.clusterUid, 1)).toMatchObject({ ciphertext: 'age-encrypted-bundle' })
    const kept = await clusterPort(story.clusterUid).operation(operation.operationId)
    expect(kept?.result).toEqual({ outcome: 'succeeded', output: { version: 1, recipients: ['age1owner'] } })

    const another = { ...output, ciphertext: 'another-bundle' }
    await clusterPort(story.clusterUid).report([{ ...news, result: { outcome: 'succeeded', output: another } }])
    expect(await findSealedSecrets(story.db, story.clusterUid, 1)).toMatchObject({ ciphertext: 'age-encrypted-bundle' })
    await runInDurableObject(clusterStub(story.clusterUid), (_object, state) => {
      for (const table of ['operations', 'events', 'meta'])
        expect(JSON.stringify([...state.storage.sql.exec(`SELECT * FROM ${table}`)])).not.toContain('bundle')
    })
  })

  test('[C5] when D1 does not take the ciphertext, the news is not taken either and can be told again', async () => {
    const { story, operation } = await aWaitingCluster(mode)
    const output = { version: 1, ciphertext: 'sealed', recipients: [] }
    const news: OperationNews = {
      type: 'finished',
      ...newsOf(operation),
      at: Date.now(),
      result: { outcome: 'succeeded', output },
    }
    await story.db.run('ALTER TABLE sealed_secrets RENAME TO sealed_secrets_away')
    expect(await clusterPort(story.clusterUid).report([news])).toBe(false)
    await story.db.run('ALTER TABLE sealed_secrets_away RENAME TO sealed_secrets')
    expect((await clusterPort(story.clusterUid).operation(operation.operationId))?.state).toBe('running')
    expect(await clusterPort(story.clusterUid).report([news])).toBe(true)
    expect((await clusterPort(story.clusterUid).operation(operation.operationId))?.state).toBe('succeeded')
  })

  test('[C4] an output that does not fit its schema is a failure, not a success', async () => {
    const { story, operation } = await aWaitingCluster(mode)
    const result = { outcome: 'succeeded', output: { version: 7 } } as const
    await clusterPort(story.clusterUid).report([{ type: 'finished', ...newsOf(operation), at: Date.now(), result }])
    expect(await clusterPort(story.clusterUid).operation(operation.operationId)).toMatchObject({
      state: 'failed',
      result: { outcome: 'failed', problem: { code: 'internal' } },
    })
  })

  test('[C4] an older message that was overtaken takes nothing back', async () => {
    const { story, operation } = await aWaitingCluster(mode)
    const at = operation.startedAt! - 1
    await clusterPort(story.clusterUid).report([{ type: 'returned', ...newsOf(operation), at }])
    expect((await clusterPort(story.clusterUid).operation(operation.operationId))?.state).toBe('running')
  })

  test('[C7] a failed operation that nobody will repeat waits for a person, whose decision counts once', async () => {
    const { story, operation } = await aWaitingCluster(mode)
    const port = clusterPort(story.clusterUid)
    expect(await port.decide(operation.operationId, 'retry')).toMatchObject({
      ok: false,
      problem: { code: 'operation-not-stuck' },
    })
    const failed = { outcome: 'failed', problem: problem('provider-refused') } as const
    await port.report([{ type: 'finished', ...newsOf(operation), at: Date.now(), result: failed }])
    await until('it needs a person', async () =>
      (await clusterStatusOf(story.db, story.clusterUid))?.waiting.some((hold) => hold.code === 'needs-human'),
    )
    expect(await port.decide(operation.operationId, 'retry')).toEqual({ ok: true })
    expect(await port.decide(operation.operationId, 'retry')).toMatchObject({ ok: false })
    const again = await until('it is recorded again', async () =>
      (await operationsOf(story)).find(
        (item) => item.key === operation.key && item.operationId !== operation.operationId,
      ),
    )
    expect(again.attempt).toBe(1)
  })
})

describe('wishes that change', () => {
  test('[C8] the fence grows, and what nobody accepted is offered under the new one', async () => {
    const story = await aStory()
    const agent = createScriptedAgent({ siteUid: story.siteUid, diligent: false })
    await clusterPort(story.clusterUid).wake(story.clusterUid, 0)
    await agent.connect()
    // The agent hears its offers and answers nothing more.
    await play(
      agent,
      story,
      'awake',
      'the site is seen',
      async () => (await sitePort(story.siteUid).ledger(story.siteUid)).placements.length > 0,
    )
    await until('an offer', () => agent.inbox.some((frame) => frame.includes('op.offer')))
    const offers = () =>
      agent.inbox
        .map((frame) => JSON.parse(frame) as { type: string; clusterFence: number })
        .filter((m) => m.type === 'op.offer')
    expect(new Set(offers().map((offer) => offer.clusterFence))).toEqual(new Set([1]))
    agent.inbox.length = 0
    await writeDocument(story.db, story.clusterUid, clusterDocument(story.name), { generation: 2 })
    await clusterPort(story.clusterUid).wake(story.clusterUid, 0)
    // An offer of before may still have been on its way.
    const again = await until('an offer under the new fence', () => offers().find((offer) => offer.clusterFence > 1))
    expect(again.clusterFence).toBe(2)
  })

  test('[C1] every operation is numbered once, whatever is repeated', async () => {
    const { story } = await aWaitingCluster()
    for (let i = 0; i < 5; i++) await ring(clusterStub(story.clusterUid))
    const operations = await operationsOf(story)
    expect(new Set(operations.map((operation) => operation.key)).size).toBe(operations.length)
    expect(operations.map((operation) => operation.operationId)).toEqual(
      operations.map((_, index) => `${story.clusterUid}-${operations.length - index}`),
    )
  })
})
