import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DEAD_AFTER_MS, PING_EVERY_MS } from '#core/protocol/version.ts'
import type { OpOffer } from '#core/protocol/op-offer.ts'
import type { Journal, JournalledOperation } from '#agent/journal/journal.ts'
import { noBoundary } from '#agent/crash-points.ts'
import { createLogger } from '#agent/log.ts'
import { MAX_QUEUED_BYTES, RESEND_MS, startSession } from '#agent/session/session.ts'
import { aJournal, anOffer, CLUSTER, MACHINE } from '../journal/journal-at.ts'
import { aSocketPair, down } from './socket-pair.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function aSession(journal: Journal = aJournal(), epoch: number | 'not welcomed' = 1) {
  const pair = aSocketPair()
  const begun: JournalledOperation[] = []
  const cancelled: string[] = []
  const session = startSession(pair.socket, {
    journal,
    siteUid: CLUSTER,
    agentVersion: '0.1.0',
    log: createLogger('error', 'silent'),
    boundary: noBoundary,
    begin: (operation) => begun.push(operation),
    cancel: (operationId) => cancelled.push(operationId),
    onReady: () => undefined,
    onWatch: () => undefined,
    onSecrets: () => undefined,
  })
  if (epoch !== 'not welcomed') {
    session.frame(welcome(epoch))
    pair.up.length = 0
  }
  return { pair, session, begun, cancelled, journal }
}

const welcome = (sessionEpoch: number): string => down({ type: 'welcome', protocol: 1, sessionEpoch, serverTimeMs: 1 })

const offered = (number = 1, changes: Partial<OpOffer> = {}): OpOffer => ({
  type: 'op.offer',
  ...anOffer(number),
  ...changes,
  input: changes.input ?? anOffer(number).input,
})

describe('greeting', () => {
  test('[S20] the epoch is on the disk before `ready` is said, and the table follows', () => {
    const journal = aJournal()
    journal.operations.accept(anOffer())
    const { pair, session } = aSession(journal, 'not welcomed')
    expect(pair.up).toMatchObject([
      { type: 'hello', lastEpoch: 0, incarnation: { id: journal.instanceId, counter: 1 }, siteUid: CLUSTER },
    ])
    const confirm = vi.spyOn(journal, 'confirmEpoch').mockImplementation(() => expect(pair.up).toHaveLength(1))
    session.frame(welcome(4))
    expect(confirm).toHaveBeenCalledWith(4)
    expect(pair.up.slice(1)).toEqual([
      { type: 'ready', sessionEpoch: 4 },
      {
        type: 'ops.snapshot',
        part: 0,
        last: true,
        operations: [{ operationId: anOffer().operationId, attempt: 1, state: 'running' }],
      },
    ])
  })

  test('[S20] nothing is accepted before `welcome`', () => {
    const { session, begun, journal } = aSession(aJournal(), 'not welcomed')
    session.frame(down(offered()))
    expect(begun).toEqual([])
    expect(journal.operations.running()).toEqual([])
  })

  test('[S11] standing by it accepts nothing, still tells its outcomes, and takes the lead when it is given', () => {
    const { pair, session, begun, cancelled, journal } = aSession(aJournal(), 'not welcomed')
    journal.operations.accept(anOffer())
    journal.operations.accept(anOffer(2))
    journal.operations.finish(anOffer().operationId, { outcome: 'cancelled' })
    pair.up.length = 0
    session.frame(down({ type: 'standby', leaderAgentId: 'other' }))
    expect(session.standingBehind()).toBe('other')
    expect(pair.up).toMatchObject([{ type: 'op.result', operationId: anOffer().operationId }])
    session.frame(down(offered(3)))
    expect(begun).toEqual([])
    session.frame(down({ type: 'op.cancel', operationId: anOffer(2).operationId }))
    expect(cancelled).toEqual([anOffer(2).operationId])
    session.frame(down({ type: 'op.ack', operationId: anOffer().operationId, attempt: 1 }))
    expect(journal.operations.unacknowledged().map(({ operationId }) => operationId)).toEqual([anOffer(2).operationId])
    pair.up.length = 0
    session.frame(welcome(7))
    expect(pair.up[0]).toEqual({ type: 'ready', sessionEpoch: 7 })
    expect([session.standingBehind(), session.epoch()]).toEqual([undefined, 7])
  })

  test('[S20] a session whose epoch went back is not taken', () => {
    const journal = aJournal()
    journal.confirmEpoch(9)
    const { pair, session } = aSession(journal, 'not welcomed')
    session.frame(welcome(9))
    expect(pair.closedWith()).toMatchObject({ code: 1002 })
    expect(session.epoch()).toBeUndefined()
  })

  test('[S21] a long table goes up in parts, the last one marked', () => {
    const journal = aJournal()
    for (let n = 1; n <= 450; n++) journal.operations.accept(anOffer(n))
    const { pair, session } = aSession(journal, 'not welcomed')
    session.frame(welcome(1))
    const parts = pair.up.filter((message) => message.type === 'ops.snapshot')
    expect(parts.map(({ part, last, operations }) => [part, last, operations.length])).toEqual([
      [0, false, 200],
      [1, false, 200],
      [2, true, 50],
    ])
  })
})

describe('offers', () => {
  test('[O11] an offer is in the journal before it is accepted', () => {
    const { pair, session, begun, journal } = aSession()
    const accept = vi.spyOn(journal.operations, 'accept')
    session.frame(down(offered()))
    expect(accept).toHaveBeenCalledOnce()
    expect(journal.operations.running()).toHaveLength(1)
    expect(pair.up).toEqual([{ type: 'op.accept', operationId: anOffer().operationId, attempt: 1 }])
    expect(begun).toHaveLength(1)
  })

  test('[O12] an offer of a finished operation is answered with its result and starts nothing', () => {
    const { pair, session, begun, journal } = aSession()
    session.frame(down(offered()))
    journal.operations.finish(anOffer().operationId, { outcome: 'succeeded', output: {} })
    begun.length = 0
    pair.up.length = 0
    session.frame(down(offered(1, { attempt: 2 })))
    expect(pair.up).toEqual([
      {
        type: 'op.result',
        operationId: anOffer().operationId,
        attempt: 2,
        result: { outcome: 'succeeded', output: {} },
      },
    ])
    expect(begun).toEqual([])
  })

  test.each([
    ['another session', { sessionEpoch: 2 }],
    ['an older fence', { clusterFence: 3 }],
  ])('[O14] an offer of %s is refused as stale', (_what, change) => {
    const journal = aJournal()
    journal.operations.accept(anOffer(7, { clusterFence: 5 }))
    const { pair, session, begun } = aSession(journal)
    session.frame(down(offered(1, { clusterFence: 5, ...change })))
    expect(pair.up).toMatchObject([{ type: 'op.refuse', problem: { code: 'stale-offer', retry: 'never' } }])
    expect(begun).toEqual([])
    expect(journal.operations.find(anOffer(1).operationId)).toBeUndefined()
  })

  test('[O14] an older attempt of a known operation is refused as stale', () => {
    const { pair, session } = aSession()
    session.frame(down(offered(1, { attempt: 3 })))
    pair.up.length = 0
    session.frame(down(offered(1, { attempt: 2 })))
    expect(pair.up).toMatchObject([{ type: 'op.refuse', attempt: 2, problem: { code: 'stale-offer' } }])
  })

  test('[O14] an input that its kind does not take is refused before it is journalled, naming the field', () => {
    const { pair, session, journal } = aSession()
    session.frame(down(offered(1, { input: { ...anOffer().input, vmid: 'five thousand' } })))
    expect(pair.up).toMatchObject([
      { type: 'op.refuse', problem: { code: 'operation-unsupported', facts: { field: 'vmid' } } },
    ])
    expect(journal.operations.running()).toEqual([])
  })

  test('[S26] a kind that this agent has never heard of is refused by name', () => {
    const { pair, session } = aSession()
    session.frame(JSON.stringify({ ...offered(), kind: 'machine.teleport' }))
    expect(pair.up).toMatchObject([
      { type: 'op.refuse', problem: { code: 'operation-unsupported', facts: { kind: 'machine.teleport' } } },
    ])
  })

  test('[O18] a full journal refuses the offer', () => {
    const { pair, session, journal } = aSession()
    vi.spyOn(journal.operations, 'accept').mockReturnValue({
      ok: false,
      error: { code: 'journal-full', facts: {}, retry: 'later' },
    })
    session.frame(down(offered()))
    expect(pair.up).toMatchObject([{ type: 'op.refuse', problem: { code: 'journal-full' } }])
  })
})

describe('reports', () => {
  test('[O13] an outcome is said again until it is confirmed', async () => {
    const { pair, session, journal } = aSession()
    session.frame(down(offered()))
    journal.operations.finish(anOffer().operationId, { outcome: 'cancelled' })
    session.report(anOffer().operationId)
    pair.up.length = 0
    // Pongs keep the session alive in between.
    const beat = setInterval(() => session.frame('pong'), PING_EVERY_MS)
    await vi.advanceTimersByTimeAsync(RESEND_MS)
    expect(pair.up.map(({ type }) => type)).toEqual(['op.result'])
    session.frame(down({ type: 'op.ack', operationId: anOffer().operationId, attempt: 1 }))
    await vi.advanceTimersByTimeAsync(RESEND_MS * 3)
    expect(pair.up).toHaveLength(1)
    clearInterval(beat)
  })

  test('[S21] the answer to the table is carried out: cancel, forget, say again', () => {
    const { pair, session, cancelled, journal } = aSession()
    for (const n of [1, 2, 3]) session.frame(down(offered(n)))
    for (const n of [2, 3]) journal.operations.finish(anOffer(n).operationId, { outcome: 'cancelled' })
    pair.up.length = 0
    const [first, second, third] = [1, 2, 3].map((n) => anOffer(n).operationId)
    session.frame(down({ type: 'ops.diff', cancel: [first!], forget: [second!], resend: [third!] }))
    expect(cancelled).toEqual([first])
    expect(pair.up).toMatchObject([{ type: 'op.result', operationId: third }])
    expect(journal.operations.unacknowledged().map(({ operationId }) => operationId)).toEqual([first, third])
  })

  test('[S24] of progress only the last value goes up, at most one in two seconds, none after the result', async () => {
    const { pair, session, journal } = aSession()
    session.frame(down(offered()))
    const operation = journal.operations.find(anOffer().operationId)!
    pair.up.length = 0
    for (const percent of [1, 2, 3, 4]) session.tellProgress(operation, 'download', percent)
    await vi.advanceTimersByTimeAsync(1_999)
    expect(pair.up).toMatchObject([{ step: 'download', percent: 1 }])
    await vi.advanceTimersByTimeAsync(1)
    expect(pair.up.slice(1)).toMatchObject([{ percent: 4 }])
    session.tellProgress(operation, 'download', 9)
    journal.operations.finish(operation.operationId, { outcome: 'cancelled' })
    session.report(operation.operationId)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(pair.up.slice(2).map(({ type }) => type)).toEqual(['op.result'])
  })
})

describe('the link', () => {
  test('[S23] three missed pongs end it', async () => {
    const { pair } = aSession()
    await vi.advanceTimersByTimeAsync(DEAD_AFTER_MS - 1)
    expect(pair.closedWith()).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(pair.closedWith()).toMatchObject({ code: 1006 })
  })

  test('[S23] any frame is a sign of life', async () => {
    const { pair, session } = aSession()
    for (let n = 0; n < 10; n++) {
      await vi.advanceTimersByTimeAsync(50_000)
      session.frame('pong')
    }
    expect(pair.closedWith()).toBeUndefined()
  })

  test('[S25] a link that does not drain is given up, not queued for without end', () => {
    const { pair, session } = aSession()
    pair.setQueuedBytes(MAX_QUEUED_BYTES + 1)
    session.frame(down(offered()))
    expect(pair.closedWith()).toMatchObject({ code: 1006 })
    expect(pair.up).toEqual([])
  })

  test('[S26] what cannot be read is answered and is never fatal', () => {
    const { pair, session } = aSession()
    session.frame('{"type":"future.thing"}')
    session.frame('nonsense')
    session.frame('{"type":"unsupported","of":5}')
    expect(pair.up.map((message) => (message.type === 'unsupported' ? message.of : message.type))).toEqual([
      'future.thing',
      'message',
    ])
    expect(pair.closedWith()).toBeUndefined()
  })

  test('a watch without its bundle asks for it, and one with it does not', () => {
    const { pair, session, journal } = aSession()
    const watch = {
      type: 'watch.put' as const,
      clusterUid: CLUSTER,
      clusterName: 'home',
      vip: '192.168.1.50',
      secretsVersion: 1,
      machines: [
        { machineId: MACHINE, name: 'cp-1', role: 'worker' as const, address: '192.168.1.51', host: 'pve', vmid: 5000 },
      ],
    }
    session.frame(down(watch))
    expect(pair.up).toEqual([{ type: 'secrets.get', clusterUid: CLUSTER, version: 1 }])
    journal.secrets.put(CLUSTER, 1, 'sealed')
    session.frame(down(watch))
    expect(pair.up).toHaveLength(1)
  })
})
