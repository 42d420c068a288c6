import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { startControlPlane, type ControlPlane } from '#lab/control-plane/start.ts'
import { stageApi, type StageApi } from '#tools/stage/api.ts'
import { complaints, foreignGuests } from '#tools/stage/census.ts'
import { apply } from '#tools/stage/clusters.ts'
import { joinSite, type Site, type SiteOptions } from '#tools/stage/stage.ts'
import { homelab, type Story } from '#tools/stage/story.ts'

/** Fast enough for a suite, slow enough that every phase lasts longer than a look at it. */
export const LAB_RATE = 60
/** A creation takes five seconds at that rate; a busy machine and a failed try get many times that. */
export const READY_MS = 120_000
export const GONE_MS = 120_000

/** The cloud half a test file plays on, and a directory that goes with it. */
export interface Stage {
  readonly plane: () => ControlPlane
  readonly api: () => StageApi
  readonly dir: () => string
  /** For a control plane that was started anew. */
  readonly use: (plane: ControlPlane) => void
  /** A site of its own for one story; it is closed at the end of the file. */
  readonly play: (suffix: string, options?: Partial<SiteOptions>) => Promise<Play>
  /**
   * A site on which nothing happens at the moment, for tests that run at the same time and leave it as they found it.
   * After a failure it is not used again.
   */
  readonly onSomeSite: <T>(journey: (play: Play) => Promise<T>) => Promise<T>
}

/** A story, and the site it happens on. */
export interface Play {
  readonly story: Story
  readonly name: string
  readonly site: Site
  /** What is not as it should be, for the machines of a spec. */
  readonly complaints: (machines: Readonly<Record<string, string>>) => readonly string[]
}

export function useStage(): Stage {
  let dir = ''
  let plane: ControlPlane | undefined
  const sites: Site[] = []
  const idle: Play[] = []

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'lanline-trip-'))
    plane = await startControlPlane({ dir: join(dir, 'plane') })
  })
  afterAll(async () => {
    await Promise.all(sites.map((site) => site.close()))
    await plane?.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  const current = (): ControlPlane => {
    if (!plane) throw new Error('the stage is not up yet')
    return plane
  }
  const api = () => stageApi(current().url, current().adminToken)
  let borrowedCount = 0
  const stage: Stage = {
    plane: current,
    api,
    dir: () => dir,
    use: (fresh) => (plane = fresh),
    async play(suffix, options = {}) {
      const story = homelab(suffix)
      await apply(api(), [story.site, story.network, story.machineClass])
      const name = story.site.metadata.name
      const site = await joinSite(current(), { name, dir: join(dir, `site${suffix}`), rate: LAB_RATE, ...options })
      sites.push(site)
      const foreign = foreignGuests(site.lab)
      return {
        story,
        name: story.cluster.metadata.name,
        site,
        complaints: (machines) => complaints(site.lab, { machines, foreign }),
      }
    },
    async onSomeSite(journey) {
      const play = idle.pop() ?? (await stage.play(`-some-${++borrowedCount}`))
      const outcome = await journey(play)
      idle.push(play)
      return outcome
    },
  }
  return stage
}

/** The cluster's document with other machines. */
export const withMachines = (story: Story, machines: Readonly<Record<string, string>>): Story['cluster'] => ({
  ...story.cluster,
  spec: { ...story.cluster.spec, controlPlane: { ...story.cluster.spec.controlPlane, machines } },
})
