import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, test } from 'vitest'
import { LEASE_MS } from '#core/protocol/version.ts'
import { listAudit } from '#db/audit.ts'
import type { Db } from '#db/open.ts'
import { findStatus } from '#db/statuses.ts'
import type { OperationMail } from '#durable-objects/ports.ts'
import { aSite } from '../../db/builders.ts'
import { aMigratedDb, alarmOf, newUid, ring, sitePort, siteStub, until, writeDocument } from '../support/relay-world.ts'
import { createScriptedAgent, type ScriptedAgent } from '../support/scripted-agent.ts'

let db: Db
beforeAll(async () => void (db = await aMigratedDb()))

async function talk(agents: readonly ScriptedAgent[], what: string, done: () => boolean | Promise<boolean>) {
  await until(what, async () => {
    for (const agent of agents) while (agent.hearNext() || agent.sendNext());
    return done()
  })
}

const heard = (agent: ScriptedAgent, type: string): boolean => agent.heard.some((message) => message.type === type)
const welcomes = (agent: ScriptedAgent): number => agent.heard.filter(({ type }) => type === 'welcome').length
const diffs = (agent: ScriptedAgent): number => agent.heard.filter(({ type }) => type === 'ops.diff').length

/** A leader and a follower of one site. */
async function aPair() {
  const siteUid = newUid()
  await writeDocument(db, siteUid, aSite(`s-${siteUid.slice(9)}`))
  const [a, b] = ['agent-a', 'agent-b'].map((agentId) => createScriptedAgent({ siteUid, agentId, diligent: false }))
  if (!a || !b) throw new Error('no agents')
  await a.connect()
  await talk([a], 'a leads', () => diffs(a) === 1)
  await b.connect()
  await talk([a, b], 'b stands by', () => heard(b, 'standby'))
  return { siteUid, a, b }
}

const someMail = (clusterUid: string): OperationMail => ({
  operationId: `${clusterUid}-1`,
  kind: 'machine.start',
  clusterUid,
  clusterFence: 1,
  attempt: 1,
  deadlineMs: 60_000,
  input: { machineId: 'm', name: 'cp-1', host: 'pve-1', vmid: 5000 },
})

const mailOf = (siteUid: string) =>
  runInDurableObject(siteStub(siteUid), (_object, state) => [
    ...state.storage.sql.exec<{ state: string; accepted_by: string | null; unreported: number }>(
      'SELECT state, accepted_by, unreported FROM mail',
    ),
  ])

/** So much later, as far as the lease and the mail know. */
const age = (siteUid: string, ms: number) =>
  runInDurableObject(siteStub(siteUid), (_object, { storage: { sql } }) => {
    const [row] = sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'session'")
    const session = JSON.parse(row?.value ?? '{}') as { since: number }
    sql.exec(
      "UPDATE meta SET value = ? WHERE key = 'session'",
      JSON.stringify({ ...session, since: session.since - ms }),
    )
    sql.exec('UPDATE mail SET changed_at = changed_at - ?', ms)
  })

/** The leader has accepted an operation. */
async function withWork() {
  const pair = await aPair()
  const clusterUid = newUid()
  await sitePort(pair.siteUid).submit(pair.siteUid, [someMail(clusterUid)])
  await talk([pair.a, pair.b], 'a has it', () => pair.a.journal.size === 1)
  await until('it is accepted', async () => (await mailOf(pair.siteUid))[0]?.state === 'accepted')
  return { ...pair, operationId: `${clusterUid}-1` }
}

describe('several agents', () => {
  test('[S11] the second stands by without throwing the first out; idle, there is no alarm and no change of lead', async () => {
    const { siteUid, a, b } = await aPair()
    expect([a.closed, b.closed, welcomes(b)]).toEqual([undefined, undefined, 0])
    await until('the site sleeps', async () => (await alarmOf(siteStub(siteUid))) === null)
    await evictDurableObject(siteStub(siteUid), { webSockets: 'hibernate' })
    await sitePort(siteUid).submit(siteUid, [someMail(newUid())])
    await talk([a, b], 'only the leader gets work', () => heard(a, 'op.offer'))
    expect(heard(b, 'op.offer')).toBe(false)
    await until('it is published', async () => {
      const status = (await findStatus(db, siteUid))?.status as { standby?: string[] } | undefined
      return status?.standby?.includes('agent-b')
    })
  })

  test('[S11] an idle leader that goes is followed at once, with a greater epoch', async () => {
    const { a, b } = await aPair()
    a.disconnect()
    await talk([b], 'b leads', () => diffs(b) === 1)
    expect(b.epoch).toBe(a.epoch + 1)
    await a.connect()
    await talk([a, b], 'a stands by', () => heard(a, 'standby'))
    expect(b.closed).toBeUndefined()
  })

  test('[S12] with work accepted the lead waits for its lease, and a leader that returns in time keeps it', async () => {
    const { siteUid, a, b } = await withWork()
    a.disconnect()
    await until('the loss is noticed', async () => (await mailOf(siteUid))[0]?.unreported === 1)
    await ring(siteStub(siteUid))
    expect(welcomes(b)).toBe(0)
    await a.connect()
    await talk([a, b], 'a leads again', () => welcomes(a) === 2)
    expect(welcomes(b)).toBe(0)
  })

  test('[S12] what the dead leader had accepted stays its own, unreported, when the lead passes; it is not offered again', async () => {
    const { siteUid, a, b, operationId } = await withWork()
    a.disconnect()
    await until('the loss is noticed', async () => (await mailOf(siteUid))[0]?.unreported === 1)
    await age(siteUid, LEASE_MS)
    await ring(siteStub(siteUid))
    await talk([b], 'b leads', () => diffs(b) === 1)
    expect(await mailOf(siteUid)).toEqual([{ state: 'accepted', accepted_by: 'agent-a', unreported: 1 }])
    expect(heard(b, 'op.offer')).toBe(false)

    // The old leader comes back, stands by, and still tells what became of it.
    await a.connect()
    await talk([a, b], 'a stands by', () => heard(a, 'standby'))
    a.finish(operationId, { outcome: 'cancelled' })
    await talk([a, b], 'the outcome is in', async () => (await mailOf(siteUid)).length === 0)
    await talk([a, b], 'a may forget it', () => a.journal.size === 0)
  })

  test('[S12] revoking the dead leader hands its work to the new one, under the same attempt', async () => {
    const { siteUid, a, b, operationId } = await withWork()
    a.disconnect()
    await until('the loss is noticed', async () => (await mailOf(siteUid))[0]?.unreported === 1)
    await sitePort(siteUid).dismiss(siteUid, 'agent-a')
    await talk([b], 'b has it', () => b.journal.has(operationId))
    expect(b.heard.find(({ type }) => type === 'op.offer')).toMatchObject({ operationId, attempt: 1 })
    await a.connect().then(
      () => expect.unreachable('a revoked agent was let in'),
      (error: unknown) => expect(String(error)).toContain('401'),
    )
  })

  test('[S12] work of a leader that never returns is looked at by the next one after twice its deadline', async () => {
    const { siteUid, a, b, operationId } = await withWork()
    a.disconnect()
    await until('the loss is noticed', async () => (await mailOf(siteUid))[0]?.unreported === 1)
    await age(siteUid, LEASE_MS)
    await ring(siteStub(siteUid))
    await talk([b], 'b leads', () => diffs(b) === 1)
    await age(siteUid, 2 * 60_000)
    await ring(siteStub(siteUid))
    await talk([b], 'b has it', () => b.journal.has(operationId))
    expect(b.heard.find(({ type }) => type === 'op.offer')).toMatchObject({ operationId, attempt: 1 })
  })

  test('revoking one agent leaves the others their sockets', async () => {
    const { siteUid, a, b } = await aPair()
    await sitePort(siteUid).dismiss(siteUid, 'agent-b')
    await until('b is cut off', () => b.closed?.code === 4403)
    expect(a.closed).toBeUndefined()
    expect((await sitePort(siteUid).ledger(siteUid)).online).toBe(true)
  })

  test('[S11] an agent that cannot stand by is asked to come back later', async () => {
    const { siteUid, a } = await aPair()
    const old = createScriptedAgent({ siteUid, agentId: 'agent-old' })
    await old.connect({ features: [] })
    await talk([old], 'a reject', () => heard(old, 'reject'))
    expect(old.heard[0]).toMatchObject({ code: 'slow-down', retryAfterMs: LEASE_MS })
    expect(a.closed).toBeUndefined()
  })
})

describe('copies', () => {
  const findingsOf = async (siteUid: string) =>
    ((await findStatus(db, siteUid))?.status as { findings?: { code: string }[] } | undefined)?.findings ?? []

  test('[S13] of two journals with one key the older is kept out, with a finding and an audit row, until it is revoked', async () => {
    const siteUid = newUid()
    await writeDocument(db, siteUid, aSite(`c-${siteUid.slice(9)}`))
    const original = createScriptedAgent({ siteUid })
    await original.connect()
    await talk([original], 'the original leads', () => diffs(original) === 1)
    const copy = createScriptedAgent({ siteUid })
    await copy.connect()
    await talk([copy], 'the copy takes over', () => diffs(copy) === 1)
    await until('the original is out', () => original.closed?.code === 4409)
    await original.connect()
    await talk([original], 'it is refused', () => heard(original, 'reject'))
    expect(original.heard.find(({ type }) => type === 'reject')).toMatchObject({ code: 'cloned' })
    expect(copy.closed).toBeUndefined()
    await until('people see it', async () => (await findingsOf(siteUid))[0]?.code === 'agent-cloned')
    await original.connect()
    await talk([original], 'it is refused again', () => original.closed?.code === 4403)
    const rows = await listAudit(db, { limit: 100 })
    expect(rows.filter(({ action, uid }) => action === 'agent.cloned' && uid === siteUid)).toHaveLength(1)
    await sitePort(siteUid).dismiss(siteUid, 'agent')
    await until('the finding goes', async () => (await findingsOf(siteUid)).length === 0)
  })

  test('[S13] a copied process beside the running one is told apart from a restored journal', async () => {
    const siteUid = newUid()
    const first = createScriptedAgent({ siteUid })
    await first.connect()
    await talk([first], 'the first leads', () => diffs(first) === 1)
    const { id } = first.incarnation
    const second = createScriptedAgent({ siteUid, incarnation: { id, counter: 5 } })
    await second.connect({ lastEpoch: 1 })
    await talk([second], 'the later incarnation leads', () => diffs(second) === 1)
    await first.connect({ lastEpoch: 1 })
    await talk([first], 'the earlier one is refused', () => heard(first, 'reject'))
    expect(first.heard.find(({ type }) => type === 'reject')).toMatchObject({ code: 'cloned' })
    second.disconnect()
    await until('nobody leads', async () => !(await sitePort(siteUid).ledger(siteUid)).online)
    await first.connect({ lastEpoch: 1 })
    await talk([first], 'refused again', () => first.heard.some((m) => m.type === 'reject' && m.code === 'rolled-back'))
  })
})
