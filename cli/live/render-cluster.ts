import { needsPerson } from '#core/model/hold.ts'
import { toMs, type ClusterStatusView, type HoldView, type MachineView } from '../api/views.ts'
import { PLAIN, type Style } from '../output/style.ts'
import { plural, printable, sayDuration, widthOf } from '../output/text.ts'
import { sayHold, sayPhase } from './words.ts'

/** The state of a cluster as lines of text: pure, so that every caller decides where and how often to show it. */

/** A screen has room for a few reasons; `lanline describe` shows them all. */
const MAX_HOLDS = 6

/** Holds that only repeat what the line of a machine already shows. */
const SHOWN_BY_MACHINES: readonly string[] = ['operation-running', 'waiting-for-machine']

export interface RenderOptions {
  readonly name?: string | undefined
  readonly style?: Style | undefined
  /** Epoch ms at which the person began to wait; shown as the time so far. */
  readonly startedAt?: number | undefined
}

/** One headline, one line a machine with its step and its time, then the reasons to wait. */
export function renderCluster(status: ClusterStatusView, now: number, options: RenderOptions = {}): string[] {
  const style = options.style ?? PLAIN
  const readyCount = status.machines.filter((machine) => machine.phase === 'ready').length
  const head = [
    ...(options.name === undefined ? [] : [style.bold(options.name)]),
    sayPhase(status.phase, style),
    `${readyCount} of ${plural(status.machines.length, 'machine')} ready`,
    ...(options.startedAt === undefined ? [] : [style.dim(sayDuration(now - options.startedAt))]),
  ]
  return [head.join('  '), ...machineLines(status.machines, now, style), ...holdLines(status.waiting, now, style)]
}

function machineLines(machines: readonly MachineView[], now: number, style: Style): string[] {
  const cells = machines.map((machine) => [
    printable(machine.name),
    sayPhase(machine.phase, style),
    sayDoing(machine, now, style),
  ])
  const widths = [0, 1].map((index) => Math.max(0, ...cells.map((line) => widthOf(line[index] ?? ''))))
  return cells.map((line) => {
    const padded = line.map((text, index) => text + ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text))))
    return `  ${padded.join('  ')}`.trimEnd()
  })
}

/** What is being done to a machine and for how long, else where it is: a line has room for one of the two. */
function sayDoing({ operation, address, host }: MachineView, now: number, style: Style): string {
  if (!operation) return host === undefined ? address : `${address} on ${printable(host)}`
  const step = printable(operation.step ?? operation.state)
  return `${operation.kind}: ${step}  ${style.dim(sayDuration(now - toMs(operation.since)))}`
}

function holdLines(holds: readonly HoldView[], now: number, style: Style): string[] {
  const worth = holds.filter((hold) => !SHOWN_BY_MACHINES.includes(hold.code))
  const sorted = worth.toSorted((a, b) => Number(needsPerson(b.code)) - Number(needsPerson(a.code)))
  const lines = sorted.slice(0, MAX_HOLDS).flatMap((hold) => {
    const { says, unblock } = sayHold(hold)
    const since = sayDuration(now - toMs(hold.since))
    const subject = needsPerson(hold.code) ? style.red(printable(hold.subject)) : style.yellow(printable(hold.subject))
    return [
      `  waits: ${subject}  ${says}  ${style.dim(since)}`,
      ...(unblock === '' ? [] : [style.dim(`         ${unblock}`)]),
    ]
  })
  return sorted.length > MAX_HOLDS ? [...lines, `  … and ${plural(sorted.length - MAX_HOLDS, 'more reason')}`] : lines
}
