import { rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from '../api/client.ts'
import { startConnectProxy } from './connect-proxy.ts'
import { createLaneClient, type LaneDoor } from './lane-client.ts'
import { targetOf } from './proxy-names.ts'
import { readTunnelRecord, writePrivate, type TunnelFiles } from './tunnel-record.ts'

/** The proxy process of one cluster: it lives as long as somebody uses it, and a while longer. */
const LOOK_EVERY_MS = 5_000

const TicketView = z.object({ ticket: z.string(), laneUrl: z.string(), clusterUid: z.string() })

export async function serveTunnel(
  api: Api,
  files: TunnelFiles,
  options: { readonly idleMs: number; readonly signal: AbortSignal; readonly log: (line: string) => void },
): Promise<Result<undefined, string>> {
  const record = await readTunnelRecord(files)
  if (!record) return err(`there is no ${files.record}; run lanline kubeconfig CLUSTER`)
  const { clusterName, clusterUid } = record

  async function door(): Promise<Result<LaneDoor, string>> {
    const ticket = await api.call({
      method: 'POST',
      path: pathOf('clusters', clusterName, 'lane-tickets'),
      body: { purpose: 'tunnel' },
      answer: TicketView,
    })
    if (!ticket.ok)
      return err(
        ticket.error.kind === 'problem'
          ? ticket.error.problem.title
          : 'text' in ticket.error
            ? ticket.error.text
            : 'cancelled',
      )
    // A cluster that was made anew under the old name is another one.
    if (ticket.value.value.clusterUid !== clusterUid)
      return err(`${clusterName} is another cluster now; run lanline kubeconfig ${clusterName}`)
    return ok(ticket.value.value)
  }

  const lane = createLaneClient(door)
  const proxy = await startConnectProxy({
    port: record.port,
    clusterUid,
    // Read anew, because machines come and go.
    targetOf: async (authority) => targetOf(authority, (await readTunnelRecord(files)) ?? record),
    open: lane.open,
    log: options.log,
  })
  if (!proxy.ok) return proxy
  await writePrivate(files.pid, `${process.pid}\n`)
  options.log(`serving ${clusterName} on 127.0.0.1:${record.port}`)
  let usedAt = Date.now()
  while (!options.signal.aborted && Date.now() - usedAt < options.idleMs) {
    await wait(Math.min(LOOK_EVERY_MS, options.idleMs), undefined, { signal: options.signal }).catch(() => undefined)
    if (proxy.value.count() > 0) usedAt = Date.now()
  }
  proxy.value.close()
  lane.close()
  await rm(files.pid, { force: true })
  return ok(undefined)
}
