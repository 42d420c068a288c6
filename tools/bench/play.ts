import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startControlPlane, type ControlPlane } from '#lab/control-plane/start.ts'
import type { Lab } from '#lab/lab.ts'
import { apply, operationsOf } from '../stage/clusters.ts'
import { stageApi } from '../stage/api.ts'
import { joinSite, type Site } from '../stage/stage.ts'
import { homelab } from '../stage/story.ts'
import { until } from '../stage/until.ts'
import type { Work } from './critical-path.ts'
import { d1RowsWritten } from './d1-rows.ts'
import { followReady } from './follow-ready.ts'
import { memoryOf, type Memory } from './memory.ts'
import { untilQuiet, untilStill } from './quiet.ts'
import { toUsage, type Usage } from './usage.ts'

/** What one creation of the first story, and an idle hour after it, took. */
export interface Played {
  readonly rate: number
  /** Real epoch ms: the cluster was applied, and it told that it is ready. */
  readonly startMs: number
  readonly endMs: number
  readonly works: readonly Work[]
  /** How busy the machine was at the end of the creation; above its number of cores the makespan is that of a queue. */
  readonly load: { readonly average: number; readonly cores: number }
  readonly operations: number
  readonly creation: Usage
  readonly idle: IdleHour
  readonly memory: { readonly idle: Memory; readonly afterwards: Memory } | undefined
}

export interface IdleHour {
  readonly usage: Usage
  /** Real seconds. */
  readonly measuredS: number
  readonly clockRate: number
  /** From ready until no object had an alarm any more. */
  readonly untilQuietMs: number
}

/** At rate 1 a creation takes three minutes of the lab; a slow machine and a failed try get some times that. */
const CREATION_LIMIT_MS = 15 * 60_000
const CONNECTED_MS = 30_000
const HOUR_S = 3_600
/** More than an hour of the agent's time, so that nothing hides in the last look. */
const HOUR_AND_SOME_S = HOUR_S * 1.1

export async function play(rate: number, idleS: number, say: (text: string) => void): Promise<Played> {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-bench-'))
  const planeDir = join(dir, 'plane')
  const endings: (() => Promise<void>)[] = []
  try {
    say('starting the control plane, the lab and an agent')
    const plane = await startControlPlane({ dir: planeDir })
    endings.push(() => plane.stop())
    const { cluster, ...references } = homelab()
    const api = stageApi(plane.url, plane.adminToken)
    await apply(api, Object.values(references))
    const site = await joinSite(plane, { name: references.site.metadata.name, dir: join(dir, 'site'), rate })
    endings.push(() => site.close())
    await untilConnected(site)
    await untilStill(plane)
    const idleMemory = memoryOf(site.agent().pid)

    say(`creating a cluster of three, ${rate} times as fast as life`)
    plane.usage.reset()
    const startMs = Date.now()
    await apply(api, [cluster])
    const endMs = await followReady(api, cluster.metadata.name, CREATION_LIMIT_MS, say)
    await untilStill(plane)
    const load = { average: loadavg()[0] ?? 0, cores: availableParallelism() }
    const creation = toUsage(plane.usage.counts(), d1RowsWritten(planeDir, startMs, Date.now()))
    const afterwards = memoryOf(site.agent().pid)
    const operations = await operationsOf(api, cluster.metadata.name)

    const idle = await idleHour(plane, planeDir, site, idleS, endMs, say)
    return {
      rate,
      startMs,
      endMs,
      works: worksOf(site.lab).filter((work) => work.startMs >= startMs && work.endMs <= endMs),
      load,
      operations: operations.length,
      creation,
      idle,
      memory: idleMemory && afterwards && { idle: idleMemory, afterwards },
    }
  } finally {
    for (const end of endings.toReversed()) await end()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The host names its guests by their numbers, and the guests name themselves. */
function worksOf(lab: Lab): readonly Work[] {
  const names = new Map(lab.hypervisor.guests().map((guest) => [String(guest.vmid), guest.config.get('name') ?? '']))
  const known = new Set(names.values())
  return lab.trace.intervals().map((interval) => {
    const machine = names.get(interval.subject) ?? interval.subject
    return known.has(machine) ? { ...interval, machine } : interval
  })
}

/**
 * The ready cluster is left alone for as long as the agent's clock takes for an hour, so the agent makes every look of
 * an hour. The cloud's clock is real; that is why this begins only when the cloud has no alarm armed: then nothing but
 * the agent can make it do anything.
 */
async function idleHour(
  plane: ControlPlane,
  planeDir: string,
  site: Site,
  idleS: number,
  readyMs: number,
  say: (text: string) => void,
): Promise<IdleHour> {
  say('waiting until no object has an alarm')
  await untilQuiet(plane, planeDir)
  const untilQuietMs = Date.now() - readyMs
  const clockRate = Math.ceil(HOUR_AND_SOME_S / idleS)
  say(`leaving the cluster alone for ${idleS} s, the agent's clock ${clockRate} times as fast`)
  await site.agent().stop()
  await untilStill(plane)
  plane.usage.reset()
  site.startAgent({ LANLINE_CLOCK_RATE: String(clockRate) })
  await untilConnected(site)
  // The log lags behind; what the connection cost must have been counted before the hour begins.
  await until('the connection is counted', CONNECTED_MS, () => (plane.usage.counts()['message-in'] ?? 0) > 0)
  await untilQuiet(plane, planeDir)
  plane.usage.reset()
  const beganAt = Date.now()
  await until('the hour is over', idleS * 2_000, () => Date.now() - beganAt >= idleS * 1_000)
  const usage = toUsage(plane.usage.counts(), d1RowsWritten(planeDir, beganAt, Date.now()))
  return { usage, measuredS: idleS, clockRate, untilQuietMs }
}

const untilConnected = (site: Site): Promise<string> =>
  until('the agent is connected', CONNECTED_MS, () => site.agent().lines.find((line) => line.includes('session.ready')))
