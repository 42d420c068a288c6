import { Agent, get } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { memoryOf } from '../memory.ts'
import { descriptorsOf, type Dial, type Rig } from './rig.ts'

/** One measurement each; all of them see the same rig, so that ratios mean something on a busy machine. */
export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
}

const WARM_REQUESTS = 50

function agentOf(dial: Dial, clients: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  agent.createConnection = (_options, done) => {
    dial().then(
      (socket) => done?.(null, socket),
      (error: Error) => done?.(error, undefined as never),
    )
    return undefined
  }
  return agent
}

function fetchBytes(agent: Agent, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ agent, path, host: 'origin' }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () => resolve(bytes))
      response.on('error', reject)
    }).on('error', reject)
  })
}

export async function smallGets(dial: Dial, clients: number, requests: number): Promise<Latency> {
  const agent = agentOf(dial, clients)
  for (let i = 0; i < WARM_REQUESTS; i++) await fetchBytes(agent, '/')
  const took: number[] = []
  let left = requests
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left-- > 0) {
        const startedAt = performance.now()
        await fetchBytes(agent, '/')
        took.push(performance.now() - startedAt)
      }
    }),
  )
  agent.destroy()
  return latencyOf(took)
}

export async function bulk(dial: Dial, bytes: number): Promise<number> {
  const agent = agentOf(dial, 1)
  await fetchBytes(agent, '/')
  const startedAt = performance.now()
  if ((await fetchBytes(agent, `/?bytes=${bytes}`)) !== bytes) throw new Error('bytes are missing')
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return bytes / 1024 / 1024 / seconds
}

/** A connection that asks for a gigabyte and reads nothing. */
export async function stall(dial: Dial): Promise<Duplex> {
  const socket = await dial()
  socket.pause()
  socket.write(`GET /?bytes=${1024 ** 3} HTTP/1.1\r\nhost: origin\r\n\r\n`)
  return socket
}

/** The most that workerd has grown by while readers were stalled, in MiB. */
export async function stalledMemory(
  rig: Rig,
  readers: number,
): Promise<{ readonly relayMiB: number; readonly agentMiB: number }> {
  const tunnels = await Promise.all(Array.from({ length: 10 }, () => rig.tunnel()))
  for (const tunnel of tunnels) (await tunnel()).destroy()
  await wait(1_000)
  const before = [memoryOf(rig.relayPid)!, memoryOf(rig.agentPid())!]
  const stalled = await Promise.all(
    Array.from({ length: readers }, (_, index) => stall(tunnels[index % tunnels.length]!)),
  )
  let most = [0, 0]
  for (let look = 0; look < 20; look++) {
    await wait(250)
    const now = [memoryOf(rig.relayPid)!, memoryOf(rig.agentPid())!]
    most = most.map((value, index) => Math.max(value, now[index]!.residentKiB - before[index]!.residentKiB))
  }
  for (const socket of stalled) socket.destroy()
  return { relayMiB: most[0]! / 1024, agentMiB: most[1]! / 1024 }
}

/** Streams that are opened and killed, and what is left of them ten seconds later. */
export async function leaks(
  rig: Rig,
  count: number,
): Promise<{ readonly descriptors: number; readonly originConnections: number }> {
  const lane = rig.client()
  const first = await lane.open(rig.target)
  if (first.ok) first.value.destroy()
  await wait(500)
  const before = descriptorsOf(rig.agentPid())
  const beforeOrigin = rig.origin.openCount()
  let left = count
  await Promise.all(
    Array.from({ length: 16 }, async (_, worker) => {
      while (left-- > 0) {
        const opened = await lane.open(rig.target)
        if (!opened.ok) throw new Error(opened.error)
        if (worker % 2 === 0) opened.value.write('GET /?bytes=100000 HTTP/1.1\r\nhost: origin\r\n\r\n')
        opened.value.destroy()
      }
    }),
  )
  const end = Date.now() + 10_000
  const over = (): boolean => descriptorsOf(rig.agentPid()) <= before && rig.origin.openCount() <= beforeOrigin
  while (Date.now() < end && !over()) await wait(100)
  return {
    descriptors: descriptorsOf(rig.agentPid()) - before,
    originConnections: rig.origin.openCount() - beforeOrigin,
  }
}

function latencyOf(took: readonly number[]): Latency {
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}
