import { busyMs, gapsOf, longestChain, sayWork, type Gap } from './critical-path.ts'
import type { Played } from './play.ts'
import type { PlacementTime } from './placement-time.ts'
import type { PlannerTime } from './planner-time.ts'
import type { Usage } from './usage.ts'

/** Everything that was measured, in the lab's seconds where it is about the lab. */
export interface Report {
  readonly rate: number
  readonly makespan: {
    readonly ratio: number
    readonly makespanS: number
    readonly criticalPathS: number
    readonly path: readonly { readonly what: string; readonly startS: number; readonly seconds: number }[]
    readonly gaps: readonly { readonly after: string; readonly before: string; readonly seconds: number }[]
  }
  readonly load: Played['load']
  readonly operations: number
  readonly creation: Usage
  readonly idleHour: Played['idle']
  readonly memory: Played['memory']
  readonly planner: readonly PlannerTime[]
  readonly placement: readonly PlacementTime[]
}

/** What `makespan / critical path` should not be above. */
export const TARGET_RATIO = 1.15

export function toReport(
  played: Played,
  planner: readonly PlannerTime[],
  placement: readonly PlacementTime[] = [],
): Report {
  const { rate, startMs, endMs } = played
  const chain = longestChain(played.works)
  const toS = (realMs: number): number => Number(((realMs * rate) / 1_000).toFixed(2))
  const toGap = ({ after, before, ms }: Gap) => ({ after, before, seconds: toS(ms) })
  return {
    rate,
    makespan: {
      ratio: Number(((endMs - startMs) / busyMs(chain)).toFixed(3)),
      makespanS: toS(endMs - startMs),
      criticalPathS: toS(busyMs(chain)),
      path: chain.map((work) => ({
        what: sayWork(work),
        startS: toS(work.startMs - startMs),
        seconds: toS(work.endMs - work.startMs),
      })),
      gaps: gapsOf(chain, startMs, endMs).map(toGap),
    },
    load: played.load,
    operations: played.operations,
    creation: played.creation,
    idleHour: played.idle,
    memory: played.memory,
    planner,
    placement,
  }
}
