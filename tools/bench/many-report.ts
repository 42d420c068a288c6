import { busyMs, gapsOf, longestChain, NEEDS_OF_MANY, sayWork, type Work } from './critical-path.ts'
import type { ManyMachines } from './many-machines.ts'
import { TARGET_RATIO } from './report.ts'

/** What making many machines took, against the host whose chain of works is the longest; in the lab's seconds. */
export interface ManyReport {
  readonly rate: number
  readonly machineCount: number
  readonly hostCount: number
  readonly makespanS: number
  readonly criticalPathS: number
  readonly ratio: number
  readonly path: readonly string[]
  /** Where nothing of the path went on, longest first. */
  readonly gaps: readonly string[]
  readonly load: ManyMachines['load']
}

const MAX_GAPS = 6

export function toManyReport({ rate, startMs, endMs, load, machineCount, worksByHost }: ManyMachines): ManyReport {
  const chain = [...worksByHost.values()]
    .map((works) => longestChain(works, NEEDS_OF_MANY))
    .reduce((longest, each) => (busyMs(each) > busyMs(longest) ? each : longest))
  const toS = (realMs: number): number => Number(((realMs * rate) / 1_000).toFixed(2))
  const say = (work: Work): string => `${toS(work.endMs - work.startMs)} s ${sayWork(work)}`
  return {
    rate,
    machineCount,
    hostCount: worksByHost.size,
    makespanS: toS(endMs - startMs),
    criticalPathS: toS(busyMs(chain)),
    ratio: Number(((endMs - startMs) / busyMs(chain)).toFixed(3)),
    path: chain.map(say),
    gaps: gapsOf(chain, startMs, endMs)
      .slice(0, MAX_GAPS)
      .map(({ after, before, ms }) => `${toS(ms)} s after ${after}, before ${before}`),
    load,
  }
}

export const printMany = (report: ManyReport): readonly string[] => [
  `Makespan of ${report.machineCount} machines on ${report.hostCount} hosts, made and started by the agent's own runner (rate ${report.rate})`,
  `  makespan       ${report.makespanS} s`,
  `  critical path  ${report.criticalPathS} s  on one host, two creations at a time: ${report.path.length} works`,
  `  ratio          ${report.ratio}  ${report.ratio <= TARGET_RATIO ? 'within' : 'ABOVE'} the target of ${TARGET_RATIO}`,
  ...(report.load.average > report.load.cores
    ? [
        `  The machine was busy (load ${report.load.average.toFixed(1)} on ${report.load.cores} cores); the ratio of an idle one is lower.`,
      ]
    : []),
  ...report.gaps.map((gap) => `  nothing for ${gap}`),
]
