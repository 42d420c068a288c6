import { vmFigures, type VmFigures } from './vm-views.ts'
import type { LabTime } from '#lab/time.ts'
import type { World } from './world.ts'

/** How often the statistics daemon broadcasts, in lab milliseconds. */
const ROUND_MS = 10_000
/** No faster than this in real time, however fast the lab runs. */
const MIN_REAL_MS = 20

/**
 * The figures behind `/cluster/resources` and `/nodes`: a copy of the world that is up to a round old. What was never
 * seen by a round is `unknown`.
 */
export class Statistics {
  #figures: ReadonlyMap<number, VmFigures> | undefined
  #timer: NodeJS.Timeout | undefined

  /** Undefined before the first round. */
  figures(): ReadonlyMap<number, VmFigures> | undefined {
    return this.#figures
  }

  refresh(world: World): void {
    this.#figures = new Map(world.vms.all().map((vm) => [vm.vmid, vmFigures(world, vm)]))
  }

  run(world: World, time: LabTime): void {
    this.refresh(world)
    this.#timer = setInterval(() => this.refresh(world), Math.max(MIN_REAL_MS, ROUND_MS / time.rate))
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
