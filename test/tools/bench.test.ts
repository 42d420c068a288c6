import { describe, expect, test } from 'vitest'
import { plan } from '#core/plan/plan.ts'
import { busyMs, gapsOf, longestChain, type Work } from '#tools/bench/critical-path.ts'
import { printMany, toManyReport } from '#tools/bench/many-report.ts'
import { viewOf } from '#tools/bench/planner-time.ts'
import { timePlacement } from '#tools/bench/placement-time.ts'
import { print } from '#tools/bench/print.ts'
import { toReport } from '#tools/bench/report.ts'

const work = (kind: string, machine: string | undefined, startMs: number, endMs: number): Work => ({
  kind,
  subject: machine ?? kind,
  startMs,
  endMs,
  ...(machine === undefined ? {} : { machine }),
})

/** Two machines; the second was made after the first although nothing made it wait. */
const WORKS: readonly Work[] = [
  work('image.download', undefined, 10, 110),
  work('vm.create', 'a', 120, 130),
  work('vm.create', 'b', 140, 150),
  work('vm.resize', 'a', 135, 136),
  work('vm.resize', 'b', 155, 156),
  work('vm.start', 'a', 140, 141),
  work('node.boot', 'a', 141, 161),
  work('vm.start', 'b', 162, 163),
  work('node.boot', 'b', 163, 183),
]
const whole = { startMs: 0, endMs: 190 }

describe('the critical path', () => {
  test('is the longest chain of works that had to wait for each other, not of works done one after the other', () => {
    const chain = longestChain(WORKS)
    expect(chain.map(({ kind }) => kind)).toEqual(['image.download', 'vm.create', 'vm.resize', 'vm.start', 'node.boot'])
    expect(new Set(chain.map(({ machine }) => machine)).size).toBe(2)
    expect(busyMs(chain)).toBe(100 + 10 + 1 + 1 + 20)
  })

  test('goes through the members of etcd one by one, because etcd takes one learner at a time', () => {
    const etcd = [
      work('etcd.prepare', 'a', 0, 3),
      work('etcd.bootstrap', 'a', 3, 18),
      work('etcd.join', 'b', 18, 30),
      work('etcd.join', 'c', 30, 42),
      work('controlplane.start', 'a', 18, 46),
      work('controlplane.start', 'c', 42, 60),
    ]
    expect(longestChain(etcd).map(({ kind, machine }) => `${kind} ${machine}`)).toEqual([
      'etcd.prepare a',
      'etcd.bootstrap a',
      'etcd.join b',
      'etcd.join c',
      'controlplane.start c',
    ])
  })

  test('and the gaps around it are together the makespan', () => {
    const chain = longestChain(WORKS)
    const gaps = gapsOf(chain, whole.startMs, whole.endMs)
    expect(busyMs(chain) + gaps.reduce((total, gap) => total + gap.ms, 0)).toBe(190)
    expect(gaps.map(({ ms }) => ms)).toEqual(gaps.map(({ ms }) => ms).toSorted((a, b) => b - a))
  })

  test('counts no moment twice when a guest boots before its host has written down that it started', () => {
    const early = [work('vm.start', 'a', 0, 12), work('node.boot', 'a', 10, 30)]
    expect(longestChain(early).map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
      [0, 12],
      [12, 30],
    ])
  })

  test('of nothing is nothing', () => {
    expect(longestChain([])).toEqual([])
    expect(gapsOf([], 0, 5)).toEqual([{ after: 'apply', before: 'ready', startMs: 0, ms: 5 }])
  })
})

describe('the report of many machines', () => {
  test('goes through creations that had to wait for earlier ones, on the host where that takes longest', () => {
    const short = [work('image.download', undefined, 0, 10), work('vm.create', 'x', 20, 30)]
    const long = [
      work('image.download', undefined, 0, 10),
      work('vm.create', 'a', 12, 40),
      work('vm.create', 'b', 44, 64),
    ]
    const report = toManyReport({
      rate: 1_000,
      startMs: 0,
      endMs: 87,
      machineCount: 3,
      worksByHost: new Map([
        ['pve-1', short],
        ['pve-2', long],
      ]),
      load: { average: 3, cores: 2 },
    })
    expect(report).toMatchObject({ hostCount: 2, makespanS: 87, criticalPathS: 58, ratio: 1.5 })
    expect(report.path).toEqual(['10 s image.download image.download', '28 s vm.create a', '20 s vm.create b'])
    expect(printMany(report).join('\n')).toContain('1.5  ABOVE the target of 1.15')
  })
})

describe('the views that the planner is timed with', () => {
  test('exercise the rules: all to be made, half way, all ready', () => {
    const kindsOf = (story: Parameters<typeof viewOf>[1]) =>
      new Set(plan(viewOf(10, story)).operations.map(({ kind }) => kind))
    expect(kindsOf('all to be made')).toEqual(new Set(['secrets.create', 'image.ensure']))
    expect(kindsOf('half way')).toEqual(new Set(['image.ensure', 'machine.start', 'machine.configure']))
    expect(kindsOf('all ready')).toEqual(new Set(['cluster.check']))
  })

  test('hold as many machines as asked for', () => {
    expect(viewOf(1_000, 'half way').machines).toHaveLength(1_000)
    expect(new Set(viewOf(1_000, 'half way').machines.map(({ machineId }) => machineId)).size).toBe(1_000)
  })
})

describe('placement', () => {
  test('of a thousand machines on 32 hosts fills them as evenly as they can be filled', () => {
    const { balance, fullest } = timePlacement(32, 1_000)
    expect(fullest).toBeLessThanOrEqual(1)
    expect(balance).toBeLessThanOrEqual(1.05)
  })
})

describe('the report', () => {
  const nothing = { requests: 0, objectRequests: 0, alarms: 0, messages: 0, rows: 0, d1Rows: 0 }
  const played = {
    rate: 4,
    ...whole,
    works: WORKS,
    load: { average: 3, cores: 2 },
    operations: 5,
    creation: { ...nothing, requests: 2 },
    idle: { usage: nothing, measuredS: 60, clockRate: 66, untilQuietMs: 1_000 },
    memory: undefined,
  }

  test('gives the ratio with both numbers, in seconds of the lab', () => {
    const { makespan } = toReport(played, [])
    expect(makespan).toMatchObject({ ratio: 1.439, makespanS: 0.76, criticalPathS: 0.53 })
  })

  test('is readable without a /proc', () => {
    const text = print(toReport(played, []))
    expect(text).toContain('ABOVE the target of 1.15')
    expect(text).toContain('not measured')
    expect(text.split('\n').filter((line) => line.length > 130)).toEqual([])
  })
})
