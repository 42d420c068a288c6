import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { EMPTY_SEEN, type SiteSeen } from '#core/model/seen.ts'
import { SEEN_PART_ROWS, SiteSeenMessage } from '#core/protocol/site-seen.ts'
import { MAX_MESSAGE_CHARS } from '#core/protocol/version.ts'
import { difference } from '#agent/observe/difference.ts'
import { toParts } from '#agent/observe/parts.ts'
import { createPublisher } from '#agent/observe/publish.ts'
import { guest } from './a-site.ts'

const seen = (changes: Partial<SiteSeen>): SiteSeen => ({ ...EMPTY_SEEN, ...changes })

describe('difference', () => {
  test('[S27] equal observations differ in nothing, whatever the order of rows and fields', () => {
    const before = seen({ guests: [guest(1), guest(2)] })
    const { host, vmid, ...rest } = guest(1)
    const after = seen({ guests: [guest(2), { ...rest, vmid, host }] })
    expect(difference(before, after)).toEqual([])
  })

  test('[S27] only rows that changed go up, and keys of rows that went away', () => {
    const before = seen({ guests: [guest(1), guest(2), guest(3)] })
    const after = seen({ guests: [guest(1), guest(2, { running: false }), guest(4)] })
    expect(difference(before, after)).toEqual([
      { table: 'guests', put: [guest(2, { running: false }), guest(4)], gone: ['pve/3'] },
    ])
  })
})

describe('toParts', () => {
  const many = seen({
    guests: Array.from({ length: 350 }, (_, n) =>
      guest(n, { name: 'ü'.repeat(100), macs: Array.from({ length: 20 }, () => '02:00:00:00:00:00') }),
    ),
    bridges: [{ host: 'pve', name: 'vmbr0' }],
  })

  test('[S28] every part fits a message and its schema, no row is lost, and only the last part is the last', () => {
    const parts = toParts(difference(EMPTY_SEEN, many), true)
    for (const part of parts) {
      expect(JSON.stringify(part).length).toBeLessThanOrEqual(MAX_MESSAGE_CHARS)
      expect(part.guests?.put.length ?? 0).toBeLessThanOrEqual(SEEN_PART_ROWS)
      expect(SiteSeenMessage.parse(part)).toEqual(part)
    }
    expect(parts.map(({ part, last }) => [part, last])).toEqual(parts.map((_, n) => [n, n === parts.length - 1]))
    expect(parts.flatMap((part) => part.guests?.put ?? [])).toEqual(many.guests)
    expect(parts.flatMap((part) => part.bridges?.put ?? [])).toEqual(many.bridges)
  })

  test('[S28] a full copy of nothing is one empty last part; a change of nothing is no part', () => {
    expect(toParts([], true)).toEqual([{ type: 'site.seen', full: true, part: 0, last: true }])
    expect(toParts([], false)).toEqual([])
  })
})

describe('publisher', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function aPublisher(busy: boolean) {
    const state = { busy }
    const publisher = createPublisher({ now: Date.now, busy: () => state.busy })
    const sent: SiteSeenMessage[] = []
    return { publisher, sent, state, connect: () => publisher.open((message) => sent.push(message)) }
  }
  const power = (running: boolean): SiteSeen => seen({ guests: [guest(1, { running })] })

  test('[S27] each session begins with a full copy, also of what the one before was told', () => {
    const { publisher, sent, connect } = aPublisher(false)
    publisher.offer(power(true))
    connect()
    publisher.close()
    connect()
    expect(sent.map(({ full, guests }) => [full, guests?.put.length])).toEqual([
      [true, 1],
      [true, 1],
    ])
  })

  test('[S27] nothing goes up while nothing changes', async () => {
    const { publisher, sent, connect } = aPublisher(true)
    publisher.offer(power(true))
    connect()
    for (let n = 0; n < 100; n++) {
      publisher.offer(power(true))
      await vi.advanceTimersByTimeAsync(60_000)
    }
    expect(sent).toHaveLength(1)
  })

  test.each([
    ['operations run', true],
    ['nothing runs', false],
  ])('[S27] at most one a second while %s, and the last state always arrives', async (_what, busy) => {
    const { publisher, sent, connect } = aPublisher(busy)
    publisher.offer(power(true))
    connect()
    for (let n = 0; n < 100; n++) {
      publisher.offer(power(n % 2 === 1))
      await vi.advanceTimersByTimeAsync(100)
    }
    publisher.offer(power(false))
    expect(sent.length - 1).toBeLessThanOrEqual(10)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(sent.at(-1)?.guests?.put).toEqual([guest(1, { running: false })])
  })

  test('[S27] a site that keeps on changing while nothing runs is told of once in 30 s, beyond twenty saved turns', async () => {
    const { publisher, sent, connect } = aPublisher(false)
    publisher.offer(power(true))
    connect()
    const minutes = 20
    for (let n = 0; n < minutes * 60; n++) {
      publisher.offer(power(n % 2 === 1))
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(sent.length - 1).toBeLessThanOrEqual(20 + 2 * minutes)
    expect(sent.length - 1).toBeGreaterThanOrEqual(2 * minutes)
  })

  test('[S27] news of a quiet site does not wait, also when the one before it was not long ago', async () => {
    const { publisher, sent, connect } = aPublisher(false)
    publisher.offer(power(true))
    connect()
    for (const running of [false, true, false]) {
      await vi.advanceTimersByTimeAsync(1_000)
      publisher.offer(power(running))
      expect(sent.at(-1)?.guests?.put).toEqual([guest(1, { running })])
    }
  })

  test('[S27] in front of a result the change does not wait', () => {
    const { publisher, sent, connect } = aPublisher(false)
    publisher.offer(power(true))
    connect()
    publisher.offer(power(false), true)
    expect(sent.map(({ full }) => full)).toEqual([true, false])
  })
})
