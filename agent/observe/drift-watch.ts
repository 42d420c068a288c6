import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import { shapeOf } from '#core/model/machine-shape.ts'
import type { Problem } from '#core/model/problem.ts'
import { MAX_DRIFT, type DriftSeen } from '#core/model/seen.ts'
import type { MadeMachines } from '../journal/journal.ts'
import type { Logger } from '../log.ts'
import type { Drift, EndedWork, MadeMachine } from '../providers/provider.ts'
import type { MadeSight } from './assemble.ts'
import { startPoll, type Poll } from './poll.ts'

/**
 * Looks whether machines are still what they were made as: all of them on a slow clock, one after the other, and one at once
 * when work on its guest has ended, whoever began it. A change of a guest's settings is no work to Proxmox, so the slow clock
 * is what finds most of what people do.
 */
export interface DriftWatch {
  /** What an operation last made of the machine, and how it differs from that. */
  seen(machineId: string): MadeSight
  /** Looks at these machines now. */
  lookAt(machineIds: ReadonlySet<string>): Promise<void>
  /** The site was just looked at: asks for work that has ended since, and looks at its machines. Returns at once. */
  noteWork(): void
  stop(): void
}

export interface DriftWatchDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly made: MadeMachines
  /** Those that are watched and there. */
  readonly machines: () => readonly { readonly machineId: string; readonly vmid: number }[]
  readonly findDrift: (made: MadeMachine) => Promise<Result<readonly Drift[], Problem>>
  readonly listEndedWork: () => Promise<Result<readonly EndedWork[], Problem>>
  readonly onChange: () => void
}

/** A look costs four calls on the LAN; with 300 machines that is four in a second. */
const SLOW_LOOK_MS = 5 * 60_000
/** What one answer holds, several times over: each host tells its last 25. */
const MAX_REMEMBERED_WORK = 5_000

export function createDriftWatch(deps: DriftWatchDeps): DriftWatch {
  const { clock, log } = deps
  const drifts = new Map<string, readonly DriftSeen[]>()
  const known = new Set<string>()
  let heard = false
  /** The journal is closed after this. */
  let stopped = false

  async function look(machineId: string): Promise<void> {
    const made = stopped ? undefined : deps.made.find(machineId)
    if (!made) return
    const found = await deps.findDrift(made)
    if (stopped) return
    // What was seen last stands until something else is seen.
    if (!found.ok) {
      log.debug({ event: 'drift.unseen', machineId, problem: found.error })
      return
    }
    const before = drifts.get(machineId) ?? []
    const drift = found.value.slice(0, MAX_DRIFT).map(toSeen)
    if (JSON.stringify(before) === JSON.stringify(drift)) return
    if (drift.length === 0) drifts.delete(machineId)
    else drifts.set(machineId, drift)
    log.info({ event: 'drift.changed', machineId, attributes: drift.map(({ attribute }) => attribute) })
    deps.onChange()
  }

  async function lookAt(machineIds: ReadonlySet<string>, signal?: AbortSignal): Promise<void> {
    for (const machineId of machineIds) if (signal?.aborted !== true) await look(machineId)
  }

  /** The slow clock begins once the site was seen: before that no machine is there. */
  let slow: Poll | undefined
  const startSlow = (): Poll =>
    startPoll({
      clock,
      everyMs: () => SLOW_LOOK_MS,
      async look(signal) {
        const machines = deps.machines().map(({ machineId }) => machineId)
        for (const gone of [...drifts.keys()].filter((machineId) => !machines.includes(machineId))) drifts.delete(gone)
        await lookAt(new Set(machines), signal).catch((thrown: unknown) =>
          log.error({ event: 'observe.threw', err: thrown }),
        )
      },
    })

  let asking: Promise<void> | undefined
  async function lookWhereWorkEnded(): Promise<void> {
    const ended = await deps.listEndedWork()
    if (!ended.ok) return
    const fresh = ended.value.filter(({ handle }) => !known.has(handle))
    if (known.size > MAX_REMEMBERED_WORK) known.clear()
    for (const { handle } of ended.value) known.add(handle)
    // What ended before the agent began is found by the first round of the slow clock.
    const vmids = new Set(heard ? fresh.map(({ vmid }) => vmid) : [])
    heard = true
    if (vmids.size === 0) return
    await lookAt(new Set(deps.machines().flatMap(({ machineId, vmid }) => (vmids.has(vmid) ? [machineId] : []))))
  }

  return {
    seen(machineId) {
      const made = deps.made.find(machineId)
      const drift = drifts.get(machineId)
      return { ...(made ? { shape: shapeOf(made.hardware) } : {}), ...(made && drift ? { drift: [...drift] } : {}) }
    },
    lookAt: (machineIds) => lookAt(machineIds),
    noteWork() {
      slow ??= startSlow()
      // The calls of one round are over before those of the next begin, however slow the host is.
      asking ??= lookWhereWorkEnded()
        .catch((thrown: unknown) => log.error({ event: 'observe.threw', err: thrown }))
        .finally(() => (asking = undefined))
    },
    stop() {
      stopped = true
      slow?.stop()
    },
  }
}

const MAX_VALUE_CHARS = 128
const cut = (value: string | undefined) => (value === undefined ? undefined : value.slice(0, MAX_VALUE_CHARS))

function toSeen({ attribute, driftClass, wanted, is, waits, byHand }: Drift): DriftSeen {
  const [should, seen] = [cut(wanted), cut(is)]
  return {
    attribute: attribute.slice(0, 64),
    class: driftClass,
    ...(should === undefined ? {} : { wanted: should }),
    ...(seen === undefined ? {} : { seen }),
    ...(waits ? { waits } : {}),
    ...(byHand ? { byHand } : {}),
  }
}
