import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { createDialer } from '#agent/dialer.ts'
import { TALOS_PORT } from '#agent/lane/targets.ts'
import { ok } from '#core/base/result.ts'
import { startConnectProxy } from '#cli/tunnel/connect-proxy.ts'
import { connectThrough } from '#cli/tunnel/connect-through.ts'
import { createLaneClient, type LaneClient } from '#cli/tunnel/lane-client.ts'
import { startControlPlane } from '#lab/control-plane/start.ts'
import { stageApi } from '../../stage/api.ts'
import { apply, untilReady } from '../../stage/clusters.ts'
import { joinSite } from '../../stage/stage.ts'
import { homelab } from '../../stage/story.ts'
import { freePort, startOrigin } from './origin.ts'

/**
 * A lane with its real parts: both Workers in a local workerd, a real agent process, the proxy of the command line. At the
 * far end an origin takes the place of one machine, so that what is measured is the way and not a Kubernetes API.
 */
export type Dial = () => Promise<Socket>

const LAB_RATE = 60
const READY_MS = 180_000

export async function raiseRig() {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-lanes-'))
  const plane = await startControlPlane({ dir: join(dir, 'plane') })
  const story = homelab()
  const api = stageApi(plane.url, plane.adminToken)
  await apply(api, [story.site, story.network, story.machineClass])
  const site = await joinSite(plane, { name: story.site.metadata.name, dir: join(dir, 'site'), rate: LAB_RATE })
  await apply(api, [story.cluster])
  const { name } = story.cluster.metadata
  const cluster = await untilReady(api, name, READY_MS)
  const [machine, address] = Object.entries(story.cluster.spec.controlPlane.machines)[0]!
  const origin = await startOrigin()
  site.lab.lan.takeOver(address, TALOS_PORT, origin.port)
  const dialer = createDialer(new URL(site.lab.socksUrl))
  const closers: (() => void)[] = []

  function client(): LaneClient {
    const lane = createLaneClient(async () => {
      const made = await api.send<{ ticket: string; laneUrl: string }>('POST', `/v1/clusters/${name}/lane-tickets`, {
        purpose: 'tunnel',
      })
      return ok(made.body)
    })
    closers.push(() => lane.close())
    return lane
  }
  const target = { kind: 'talos' as const, clusterUid: cluster.metadata.uid, machine }

  return {
    origin,
    target,
    client,
    /** From the agent's side of the LAN: what a person in the office would have. */
    straight: (() => dialer.connect({ host: address, port: TALOS_PORT })) as Dial,
    /** Through a proxy and a lane of its own. */
    async tunnel(): Promise<Dial> {
      const port = await freePort()
      const lane = client()
      const proxy = await startConnectProxy({
        port,
        clusterUid: cluster.metadata.uid,
        targetOf: async () => target,
        open: lane.open,
        log: () => undefined,
      })
      if (!proxy.ok) throw new Error(proxy.error)
      closers.push(() => proxy.value.close())
      return async () => {
        const socket = await connectThrough(port, 'machine:50000')
        if (!socket.ok) throw new Error(socket.error)
        return socket.value as Socket
      }
    },
    agentPid: () => site.agent().pid,
    /** workerd, which is the relay; the API Worker lives in it too. */
    relayPid: workerdOf(join(dir, 'plane')),
    async close() {
      for (const close of closers) close()
      await site.close()
      await origin.close()
      await plane.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export type Rig = Awaited<ReturnType<typeof raiseRig>>

/** The process that has the directory of the control plane on its command line or in its environment. */
function workerdOf(dir: string): number {
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)))
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]?.endsWith('workerd')) continue
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dir)) return Number(pid)
    } catch {
      // It has ended, or is somebody else's.
    }
  throw new Error(`no workerd serves ${dir}`)
}

export const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
