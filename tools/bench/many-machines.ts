import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '#core/base/secret.ts'
import { ok } from '#core/base/result.ts'
import { OPERATION_LIMITS, type OperationInput, type OperationKind } from '#core/model/operation.ts'
import { createClock } from '#agent/clock.ts'
import { noBoundary } from '#agent/crash-points.ts'
import { createDialer } from '#agent/dialer.ts'
import type { Journal } from '#agent/journal/journal.ts'
import { openJournal } from '#agent/journal/open-journal.ts'
import { createLogger } from '#agent/log.ts'
import { createHandlerDeps } from '#agent/operations/handler-deps.ts'
import { createHandlers } from '#agent/operations/index.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import { createRunner, type Runner } from '#agent/run/runner.ts'
import { openVault } from '#agent/vault/vault.ts'
import { startLab, type Lab } from '#lab/lab.ts'
import { CLUSTER_UID, FOUR_HOSTS, HOST_NAMES, imageWish, machineWish } from './hosts-of-four.ts'
import type { Played } from './play.ts'
import type { Work } from './critical-path.ts'

/**
 * The agent's own part of a large site: 50 machines on four hosts, made and started through the agent's runner, journal,
 * handlers and Proxmox client. Offers come as soon as what they need is done, so the cloud's part is not in it; the
 * guests boot, but nobody configures them.
 */
export interface ManyMachines extends Pick<Played, 'rate' | 'startMs' | 'endMs' | 'load'> {
  readonly machineCount: number
  /** By host: a host never waits for another one. */
  readonly worksByHost: ReadonlyMap<string, readonly Work[]>
}

const MACHINE_COUNT = 50
const STOP_WITHIN_MS = 5_000

export async function makeMany(rate: number, machineCount = MACHINE_COUNT): Promise<ManyMachines> {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-bench-many-'))
  const lab = await startLab({ rate, sites: [FOUR_HOSTS] })
  const opened = openJournal(dir, { now: Date.now, boundary: noBoundary })
  if (!opened.ok) throw new Error(opened.error.text)
  const agent = startHands(lab, opened.value, rate)
  try {
    const startMs = Date.now()
    await Promise.all(
      HOST_NAMES.map(async (host) => {
        await agent.perform('image.ensure', imageWish(host))
        const wishes = Array.from({ length: machineCount }, (_, index) => machineWish(index))
        await Promise.all(
          wishes
            .filter((wish) => wish.host === host)
            .map(async (wish) => {
              await agent.perform('machine.create', wish)
              const { machineId, name, vmid } = wish
              await agent.perform('machine.start', { machineId, name, host, vmid })
            }),
        )
      }),
    )
    const endMs = Date.now()
    const load = { average: loadavg()[0] ?? 0, cores: availableParallelism() }
    return { rate, startMs, endMs, load, machineCount, worksByHost: worksOf(lab, endMs) }
  } finally {
    await agent.stop()
    await lab.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

interface Hands {
  /** Accepts the operation as an offer is accepted, and resolves when it has succeeded. */
  perform<K extends OperationKind>(kind: K, input: OperationInput<K>): Promise<void>
  stop(): Promise<void>
}

/** The agent without its session: what it does is real, who asks for it is the bench. */
function startHands(lab: Lab, journal: Journal, rate: number): Hands {
  const clock = createClock(rate)
  const dialer = createDialer(new URL(lab.socksUrl))
  const { urls, tokenId, tokenSecret, caPem, pool } = lab.site
  const access = { endpoints: urls, tokenId, tokenSecret: new Secret(tokenSecret), caPem, pool }
  const provider = createProxmoxProvider({ ...access, clock, dialer })
  const vault = openVault({
    store: journal.secrets,
    identity: new Secret(''),
    recipients: [],
    now: Date.now,
    random: (count) => new Uint8Array(count),
  })
  const waiting = new Map<string, () => void>()
  const runner: Runner = createRunner({
    journal,
    clock,
    log: createLogger('error', 'silent'),
    onProgress: () => undefined,
    onFinished: (operationId) => waiting.get(operationId)?.(),
    handlers: createHandlers(
      createHandlerDeps({
        provider,
        dialer,
        vault,
        clock,
        recipients: [],
        recall: () => Promise.resolve(ok(undefined)),
        configured: journal.machines,
        imageFactoryUrl: lab.factoryUrl,
      }),
    ),
  })
  let next = 1
  return {
    async perform(kind, input) {
      const operationId = `${CLUSTER_UID}-${next++}`
      const ended = new Promise<void>((resolve) => waiting.set(operationId, resolve))
      const { deadlineMs } = OPERATION_LIMITS[kind]
      const order = { clusterUid: CLUSTER_UID, clusterFence: 1, sessionEpoch: 1, attempt: 1 }
      const accepted = journal.operations.accept({ operationId, kind, ...order, deadlineMs, input })
      if (!accepted.ok) throw new Error(`${kind}: ${accepted.error.code}`)
      runner.begin(accepted.value)
      await ended
      const result = journal.operations.find(operationId)?.result
      if (result?.outcome !== 'succeeded') throw new Error(`${kind}: ${JSON.stringify(result)}`)
    },
    async stop() {
      await runner.stop(STOP_WITHIN_MS)
      await provider.close()
      journal.close()
    },
  }
}

/** Guests boot on after their start; what nobody waited for is left out. */
function worksOf(lab: Lab, endMs: number): ReadonlyMap<string, readonly Work[]> {
  const hostOf = new Map(
    lab.hypervisors.flatMap((host) => host.guests().map(({ vmid }) => [String(vmid), host.node] as const)),
  )
  const ended = lab.trace.intervals().filter((interval) => interval.endMs <= endMs)
  // Downloads are named after the file; every host fetches the same one in the same time.
  const downloads = ended.filter(({ kind }) => kind === 'image.download')
  return new Map(
    HOST_NAMES.map((host) => [
      host,
      [
        ...downloads,
        ...ended
          .filter(({ subject }) => hostOf.get(subject) === host)
          .map((each) => ({ ...each, machine: each.subject })),
      ],
    ]),
  )
}
