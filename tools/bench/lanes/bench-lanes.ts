import { bulk, leaks, smallGets, stall, stalledMemory, type Latency } from './measures.ts'
import { raiseRig } from './rig.ts'

/** `npm run bench -- --lanes`: what the way through a lane costs, beside the straight way, in one run. */
export interface LaneReport {
  readonly small: readonly { readonly clients: number; readonly straight: Latency; readonly tunnel: Latency }[]
  readonly bulkMiBs: { readonly straight: number; readonly tunnel: number }
  readonly stalledReader: { readonly none: Latency; readonly one: Latency; readonly p99Ratio: number }
  readonly stalledMemory: { readonly readers: number; readonly relayMiB: number; readonly agentMiB: number }
  readonly killed: { readonly streams: number; readonly descriptors: number; readonly originConnections: number }
}

const CLIENTS = [1, 16, 64]
const REQUESTS = 2_000
const BULK_BYTES = 200 * 1024 * 1024
const HEALTHY = 50
const STALLED_READERS = 100
const KILLED_STREAMS = 10_000
/** What one stalled reader may cost fifty healthy ones, and a hundred of them the relay. */
export const MAX_P99_RATIO = 1.2
export const MAX_RELAY_MIB = 64
/** The order of the two is turned round each time, so that neither has the warmer machine. */
const ROUNDS = 5

export async function benchLanes(say: (text: string) => void): Promise<LaneReport> {
  say('raising a control plane, a lab, an agent and a cluster')
  const rig = await raiseRig()
  try {
    const tunnel = await rig.tunnel()
    const small = []
    for (const clients of CLIENTS) {
      say(`small GETs by ${clients} clients`)
      const straight = await smallGets(rig.straight, clients, REQUESTS)
      small.push({ clients, straight, tunnel: await smallGets(tunnel, clients, REQUESTS) })
    }
    say('bulk')
    const bulkMiBs = { straight: await bulk(rig.straight, BULK_BYTES), tunnel: await bulk(tunnel, BULK_BYTES) }
    say('fifty healthy readers beside a stalled one')
    const rounds: { none: Latency; one: Latency }[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const withStalled = async (): Promise<Latency> => {
        const stalled = await stall(tunnel)
        const one = await smallGets(tunnel, HEALTHY, REQUESTS)
        stalled.destroy()
        return one
      }
      if (round % 2 === 0) rounds.push({ none: await smallGets(tunnel, HEALTHY, REQUESTS), one: await withStalled() })
      else {
        const one = await withStalled()
        rounds.push({ none: await smallGets(tunnel, HEALTHY, REQUESTS), one })
      }
    }
    const middle = rounds.toSorted((a, b) => ratioOf(a) - ratioOf(b))[Math.floor(ROUNDS / 2)]!
    say(`${KILLED_STREAMS} streams opened and killed`)
    const killed = await leaks(rig, KILLED_STREAMS)
    say(`${STALLED_READERS} stalled readers of 1 GB each`)
    const memory = await stalledMemory(rig, STALLED_READERS)
    return {
      small,
      bulkMiBs,
      stalledReader: { ...middle, p99Ratio: ratioOf(middle) },
      stalledMemory: { readers: STALLED_READERS, ...memory },
      killed: { streams: KILLED_STREAMS, ...killed },
    }
  } finally {
    await rig.close()
  }
}

const ratioOf = ({ none, one }: { readonly none: Latency; readonly one: Latency }): number => one.p99Ms / none.p99Ms

export function printLanes(report: LaneReport): readonly string[] {
  const ms = ({ p50Ms, p99Ms }: Latency): string => `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)} ms`
  const { bulkMiBs, stalledReader, stalledMemory: memory, killed } = report
  return [
    'Through a lane (proxy, relay in wrangler dev, agent) beside straight; p50 / p99, all on this machine',
    ...report.small.map(
      ({ clients, straight, tunnel }) =>
        `  small GET, ${clients} clients: straight ${ms(straight)}, tunnel ${ms(tunnel)}, p50 x${(tunnel.p50Ms / straight.p50Ms).toFixed(1)}`,
    ),
    `  bulk: straight ${bulkMiBs.straight.toFixed(0)} MiB/s, tunnel ${bulkMiBs.tunnel.toFixed(0)} MiB/s`,
    `  ${HEALTHY} healthy, none stalled ${ms(stalledReader.none)}, one stalled ${ms(stalledReader.one)}: p99 x${stalledReader.p99Ratio.toFixed(2)} (at most ${MAX_P99_RATIO}; the median of ${ROUNDS} rounds)`,
    `  ${memory.readers} stalled readers of 1 GB: relay grew by ${memory.relayMiB.toFixed(0)} MiB (at most ${MAX_RELAY_MIB}), agent by ${memory.agentMiB.toFixed(0)} MiB`,
    `  ${killed.streams} streams killed: ${killed.descriptors} descriptors and ${killed.originConnections} connections left`,
  ]
}
