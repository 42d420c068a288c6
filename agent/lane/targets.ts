import type { Socket } from 'node:net'
import { err, ok, type Result } from '#core/base/result.ts'
import type { LaneTarget, Reset } from '#core/protocol/frame-payloads.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Dialer } from '../dialer.ts'
import { KUBERNETES_PORT } from '../observe/node-eye.ts'

/**
 * Turns a symbolic target into a connection. Only the agent knows addresses, and it dials nothing but the API of a
 * cluster it watches and the Talos API of that cluster's machines (rule L5).
 */
export const TALOS_PORT = 50_000
/** What leads to an address. */
export type LanTarget = Extract<LaneTarget, { kind: 'kube' | 'talos' }>
/** A control plane that does not answer within this is passed over for the next. */
const TRY_MS = 3_000

export async function dialTarget(
  target: LanTarget,
  watches: readonly WatchPut[],
  dialer: Dialer,
): Promise<Result<Socket, Reset>> {
  const watch = watches.find(({ clusterUid }) => clusterUid === target.clusterUid)
  if (!watch) return refused('this agent knows no such cluster')
  const found = addressesOf(target, watch)
  if (!found.ok) return found
  const reasons: string[] = []
  for (const host of found.value) {
    if (!isOnTheLan(host)) return refused(`${host} is no address of a LAN`)
    try {
      const port = target.kind === 'kube' ? KUBERNETES_PORT : TALOS_PORT
      return ok(await dialer.connect({ host, port }, AbortSignal.timeout(TRY_MS)))
    } catch (error) {
      reasons.push(`${host}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return err({ code: 'unreachable', text: reasons.join('; ') || 'there is no machine yet' })
}

/** The VIP first; when it does not answer, a control plane that does is as good. */
function addressesOf(target: LanTarget, { vip, machines }: WatchPut): Result<readonly string[], Reset> {
  if (target.kind === 'kube')
    return ok([vip, ...machines.filter(({ role }) => role === 'controlplane').map(({ address }) => address)])
  const machine = machines.find(({ name }) => name === target.machine)
  return machine ? ok([machine.address]) : refused(`the cluster has no machine ${target.machine}`)
}

const refused = (text: string): { readonly ok: false; readonly error: Reset } => err({ code: 'refused', text })

/** Addresses come from the cloud, so those that lead back into this machine, or to a metadata service, are refused. */
function isOnTheLan(host: string): boolean {
  const [first = 0, second = 0, ...rest] = host.split('.').map(Number)
  if (rest.length !== 2 || [first, second, ...rest].some((part) => !Number.isInteger(part) || part < 0 || part > 255))
    return false
  return first !== 0 && first !== 127 && first < 224 && !(first === 169 && second === 254)
}
