import { TARGET_RATIO, type Report } from './report.ts'
import type { PlacementTime } from './placement-time.ts'
import type { Usage } from './usage.ts'

/** Gaps shorter than this are what a call takes. */
const WORTH_S = 0.3
const MAX_GAPS = 12

/** The report for people. */
export function print(report: Report): string {
  const { makespan, memory, idleHour, load } = report
  const verdict = makespan.ratio <= TARGET_RATIO ? 'within' : 'ABOVE'
  return [
    `Makespan of three control planes (seconds of the lab, which ran ${report.rate} times as fast as life)`,
    ...table([
      ['  makespan', seconds(makespan.makespanS), `${report.operations} operations`],
      [
        '  critical path',
        seconds(makespan.criticalPathS),
        'the longest chain of works in the trace of the lab that had to wait for each other',
      ],
      ['  ratio', makespan.ratio.toFixed(3), `${verdict} the target of ${TARGET_RATIO}`],
    ]),
    ...(load.average > load.cores
      ? [
          `  The machine was busy (load ${load.average.toFixed(1)} on ${load.cores} cores); the ratio of an idle one is lower.`,
        ]
      : []),
    '',
    'The path',
    ...table(makespan.path.map(({ what, startS, seconds: s }) => [`  at ${startS.toFixed(1)}`, seconds(s), what])),
    '',
    'Where nothing of the path went on, longest first',
    ...table(
      makespan.gaps
        .filter((gap) => gap.seconds >= WORTH_S)
        .slice(0, MAX_GAPS)
        .map((gap) => [`  ${seconds(gap.seconds)}`, `after ${gap.after}`, `before ${gap.before}`]),
    ),
    '',
    'What is billed (usage.counted; rows of D1 as D1 reports them to the local trace)',
    ...table([
      ['', 'requests', 'object requests', 'alarms', 'socket messages', 'rows of objects', 'rows of D1'],
      ['  one creation', ...usageCells(report.creation)],
      ['  one idle hour', ...usageCells(idleHour.usage)],
    ]),
    `  The idle hour: ${idleHour.measuredS} s in which the agent's clock ran ${idleHour.clockRate} times as fast, begun when no object had an`,
    `  alarm armed (${(idleHour.untilQuietMs / 1000).toFixed(0)} s after ready). Pings are answered without waking anybody. One follower is counted with the creation.`,
    '',
    'Memory of the agent (RSS)',
    ...(memory
      ? table([
          ['  connected, nothing to do', mebibytes(memory.idle.residentKiB)],
          ['  at most during the creation', mebibytes(memory.afterwards.peakKiB)],
          ['  with the cluster ready', mebibytes(memory.afterwards.residentKiB)],
        ])
      : ['  not measured: there is no /proc here']),
    '',
    'One look of the planner (plan and status)',
    ...table([
      ['  machines', 'story', 'median', 'slowest', 'operations', 'holds'],
      ...report.planner.map((time) => [
        `  ${time.machineCount}`,
        time.story,
        milliseconds(time.medianMs),
        milliseconds(time.slowestMs),
        String(time.operations),
        String(time.holds),
      ]),
    ]),
    '',
    ...printPlacement(report.placement),
  ].join('\n')
}

/** One call that places all machines; the balance is how much fuller the fullest host is than it has to be. */
export const printPlacement = (times: readonly PlacementTime[]): readonly string[] => [
  'One call that gives every machine its place (all of them new)',
  ...table([
    ['  machines', 'hosts', 'median', 'slowest', 'fullest', 'emptiest', 'optimum', 'balance'],
    ...times.map((time) => [
      `  ${time.machineCount}`,
      String(time.hostCount),
      milliseconds(time.medianMs),
      milliseconds(time.slowestMs),
      percent(time.fullest),
      percent(time.emptiest),
      percent(time.optimum),
      time.balance.toFixed(3),
    ]),
  ]),
]

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`

const usageCells = (usage: Usage): readonly string[] =>
  [usage.requests, usage.objectRequests, usage.alarms, usage.messages, usage.rows, usage.d1Rows].map(String)

const seconds = (value: number): string => `${value.toFixed(1)} s`
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`
const mebibytes = (kib: number): string => `${(kib / 1024).toFixed(0)} MiB`

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
