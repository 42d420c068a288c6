import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureIdentity } from '#agent/identity/identity.ts'
import { callCli } from '#test/support/run-cli.ts'
import { furnishAgent, startAgent } from '#tools/stage/agent.ts'
import { apply, deleteCluster, untilGone, untilReady } from '#tools/stage/clusters.ts'
import { runToEnd, type Program } from '#tools/stage/run-process.ts'
import { until } from '#tools/stage/until.ts'
import { GONE_MS, LAB_RATE, READY_MS, useStage } from './support/trip.ts'

/**
 * Two agents of one site, as their owner meets them: the second one is enrolled, waits for its approval, stands by, is
 * let in to the secrets, takes over when the first one dies, and takes the cluster down with what it was given.
 */
const stage = useStage()

interface SiteShown {
  readonly status: { readonly phase: string; readonly agent?: { agentId: string; since: number }; standby?: string[] }
}

/** Of a sight that comes with the next poll or dial. */
const SOON_MS = 60_000

test('[S11] [K6] a second agent takes over from the first with the secrets that it was let in to', async () => {
  const play = await stage.play('-agents')
  const { site, story, name } = play
  const { api } = site
  const env = { LANLINE_URL: stage.plane().url, LANLINE_TOKEN: stage.plane().adminToken, XDG_DATA_HOME: stage.dir() }
  const cli = async (...args: readonly string[]): Promise<string> => {
    const run = await callCli(args, env)
    if (run.code !== 0) throw new Error(`lanline ${args.join(' ')}: ${run.err}`)
    return run.out
  }
  const shown = () => api.get<SiteShown>(`/v1/sites/${site.name}`)
  await apply(api, [story.cluster])
  await untilReady(api, name, READY_MS)
  const first = (await shown()).status.agent?.agentId

  // Enrolled with the printed line, and told to wait.
  const { lab } = site
  const lan = { socksUrl: lab.socksUrl, proxmox: lab.site, factoryUrl: lab.factoryUrl, rate: LAB_RATE }
  const home = furnishAgent(join(stage.dir(), 'second'), lan)
  const [, ...line] = (await cli('agent', 'enroll', site.name)).trim().split(' ')
  await runToEnd('agent/main.ts', [...line, '--state-dir', home.stateDir])
  const { fingerprint } = await ensureIdentity(home.stateDir)
  const second: Program = startAgent(home)
  try {
    await until('the second agent waits for its approval', SOON_MS, () =>
      second.lines.some((each) => each.includes('waiting until an admin has compared the fingerprint')),
    )
    expect(await cli('agent', 'list', site.name)).toMatch(new RegExp(`${fingerprint} +pending `))
    await cli('agent', 'approve', site.name, fingerprint)
    const follower = await until('it stands by', SOON_MS, async () => (await shown()).status.standby?.[0])
    expect((await shown()).status.agent?.agentId).toBe(first)

    await runToEnd('agent/main.ts', ['admit', fingerprint, '--state-dir', site.home.stateDir])
    await site.agent().stop('SIGKILL')
    await until('it leads', SOON_MS, async () => {
      const { phase, agent } = (await shown()).status
      return phase === 'connected' && agent?.agentId === follower
    })

    // The old key opens nothing any more, and the running agent goes on with the new one.
    await runToEnd('agent/main.ts', ['rotate-key', '--state-dir', home.stateDir])
    const rotated = await ensureIdentity(home.stateDir)
    expect(rotated.fingerprint).not.toBe(fingerprint)
    await until('it is back with its new key', SOON_MS, async () => (await shown()).status.phase === 'connected')
    expect(await cli('agent', 'list', site.name)).toContain(rotated.fingerprint)

    await deleteCluster(api, name)
    await untilGone(api, name, GONE_MS)
    expect(play.complaints({})).toEqual([])

    // Revoked, it is cut off within a second.
    const at = Date.now()
    await cli('agent', 'revoke', site.name, rotated.fingerprint)
    await until('it is cut off', SOON_MS, () => second.lines.some((each) => each.includes('has been revoked')))
    expect(Date.now() - at).toBeLessThan(1_000)
  } finally {
    await second.stop()
  }
})
