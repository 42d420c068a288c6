import type { ControlPlane } from '#lab/control-plane/start.ts'
import { stageApi } from '../stage/api.ts'
import { complaints, foreignGuests } from '../stage/census.ts'
import { apply, operationsOf, untilReady } from '../stage/clusters.ts'
import { joinSite } from '../stage/stage.ts'
import { homelab } from '../stage/story.ts'

/** One creation in which the agent dies at its n-th journal or socket boundary and is started again, as systemd would. */
export interface Crash {
  readonly plane: ControlPlane
  readonly dir: string
  /** Makes the names of this story its own: `-seed-3`. */
  readonly suffix: string
  readonly crashAt: number
}

export interface CrashOutcome {
  /** Where it died; undefined when the creation was over before. */
  readonly boundary: string | undefined
  readonly durationMs: number
  /** Boundaries that were passed by an agent that did not die. */
  readonly passed: number | undefined
  /** What is not as it should be; [] when the crash left no trace. */
  readonly complaints: readonly string[]
}

/** A creation takes some five seconds of real time at this rate, most of it in waits a crash can fall into. */
const LAB_RATE = 60
/** A lost answer costs a backoff or two of the control plane, whose clock nobody speeds up. */
const READY_WITHIN_MS = 90_000

export async function playCrash({ plane, dir, suffix, crashAt }: Crash): Promise<CrashOutcome> {
  const startedAt = performance.now()
  const story = homelab(suffix)
  const name = story.cluster.metadata.name
  const site = await prepareSite()
  try {
    const foreign = foreignGuests(site.lab)
    const first = site.agent()
    const restarted = first.ended.then(({ signal }) => (signal === 'SIGKILL' ? site.startAgent() : undefined))
    await apply(site.api, [story.cluster])
    await untilReady(site.api, name, READY_WITHIN_MS)
    const durationMs = performance.now() - startedAt

    const found = [...complaints(site.lab, { machines: story.cluster.spec.controlPlane.machines, foreign })]
    const bootstraps = site.lab.clusters().filter((cluster) => cluster.etcd.bootstrappedBy !== undefined).length
    if (bootstraps !== 1) found.push(`etcd was bootstrapped in ${bootstraps} clusters`)
    const failed = (await operationsOf(site.api, name)).filter((operation) => operation.state === 'failed')
    for (const { kind, result } of failed) found.push(`${kind} failed: ${JSON.stringify(result)}`)

    if (site.agent() === first) await first.stop()
    await restarted
    return {
      boundary: find(first.lines, /^crash point \d+: (.*)$/),
      passed: numberOf(find(first.lines, /^crash points passed: (\d+)$/)),
      durationMs,
      complaints: found,
    }
  } finally {
    await site.close()
  }

  async function prepareSite() {
    await apply(stageApi(plane.url, plane.adminToken), [story.site, story.network, story.machineClass])
    return joinSite(plane, {
      name: story.site.metadata.name,
      dir,
      rate: LAB_RATE,
      env: { CRASH_AT: String(crashAt) },
    })
  }
}

/** How many boundaries a creation without a crash has; a little different each time. */
export async function countBoundaries(crash: Omit<Crash, 'crashAt'>): Promise<number> {
  const { passed, complaints: found } = await playCrash({ ...crash, crashAt: Number.MAX_SAFE_INTEGER })
  if (passed === undefined || found.length > 0) throw new Error(`the creation without a crash: ${found.join('; ')}`)
  return passed
}

/** The last tenth is left out: it may not be reached in a run that happened to be shorter. */
const REACHED_SHARE = 0.9
const GOLDEN = 0.6180339887498949

/** Seed → boundary. Neighbouring seeds lie far apart, and any number of seeds covers the creation evenly. */
export const crashPointOf = (seed: number, boundaryCount: number): number =>
  1 + Math.floor(((seed * GOLDEN) % 1) * boundaryCount * REACHED_SHARE)

const find = (lines: readonly string[], pattern: RegExp): string | undefined =>
  lines.map((line) => pattern.exec(line)?.[1]).find((text) => text !== undefined)

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))
