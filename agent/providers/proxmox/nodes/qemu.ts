import { err, ok, type Result } from '#core/base/result.ts'
import { saysUnknownParameter } from '../errors.ts'
import { noAnswer, path, type CallFailure, type Params, type ProxmoxHttp } from '../http.ts'
import { toCount, toFlag, toRow, toRows, toText, type Row } from '../parse.ts'

/** `/nodes/{node}/qemu`: virtual machines. Calls that answer a UPID only begin their work. */

/** VMIDs and power of a host's VMs as they are now, not as the statistics remember them. */
export async function livePower(
  http: ProxmoxHttp,
  host: string,
): Promise<Result<ReadonlyMap<number, boolean>, CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/qemu`)
  if (!answer.ok) return err(answer.error)
  return ok(new Map(toRows(answer.value).map((row) => [toCount(row['vmid']), row['status'] === 'running'])))
}

/** With pending changes in it. During creation it is only `{lock: create}`. */
export async function vmConfig(http: ProxmoxHttp, host: string, vmid: number): Promise<Result<Row, CallFailure>> {
  const call = { method: 'GET', path: path`/nodes/${host}/qemu/${vmid}/config` } as const
  const answer = await http.get(call.path)
  if (!answer.ok) return err(answer.error)
  const config = toRow(answer.value)
  // Without a single key it is none, and must not read as a guest without an identity.
  return Object.keys(config).length > 0 ? ok(config) : err(noAnswer(call, 'the configuration is empty'))
}

/** Each setting with its value now and the one that waits for a power cycle. */
export async function vmPending(
  http: ProxmoxHttp,
  host: string,
  vmid: number,
): Promise<Result<readonly Row[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/qemu/${vmid}/pending`)
  return answer.ok ? ok(toRows(answer.value)) : err(answer.error)
}

export interface VmStatus {
  readonly running: boolean
  /** HA decides about its power: a call only tells HA what is wanted. */
  readonly haManaged: boolean
}

/** How the VM is now. */
export async function vmStatus(http: ProxmoxHttp, host: string, vmid: number): Promise<Result<VmStatus, CallFailure>> {
  const call = { method: 'GET', path: path`/nodes/${host}/qemu/${vmid}/status/current` } as const
  const answer = await http.get(call.path)
  if (!answer.ok) return err(answer.error)
  const status = toRow(answer.value)
  if (toText(status['status']) === undefined) return err(noAnswer(call, 'no status is told'))
  return ok({ running: status['status'] === 'running', haManaged: toFlag(toRow(status['ha'])['managed']) })
}

export const createVm = (http: ProxmoxHttp, host: string, params: Params): Promise<Result<string, CallFailure>> =>
  upidOf(http.post(path`/nodes/${host}/qemu`, params))

/** Synchronous. `digest` refuses the change when somebody else changed the configuration in between. */
export async function putVmConfig(
  http: ProxmoxHttp,
  host: string,
  vmid: number,
  params: Params,
): Promise<Result<void, CallFailure>> {
  const answer = await http.put(path`/nodes/${host}/qemu/${vmid}/config`, params)
  return answer.ok ? ok(undefined) : err(answer.error)
}

/** The same as work that goes on by itself; what takes longer than a relay waits is not lost. */
export const postVmConfig = (
  http: ProxmoxHttp,
  host: string,
  vmid: number,
  params: Params,
): Promise<Result<string, CallFailure>> => upidOf(http.post(path`/nodes/${host}/qemu/${vmid}/config`, params))

/** To an absolute size: a relative one would grow twice when repeated. */
export const resizeDisk = (
  http: ProxmoxHttp,
  host: string,
  vmid: number,
  resize: { readonly disk: string; readonly diskGiB: number; readonly digest: string | undefined },
): Promise<Result<string, CallFailure>> =>
  upidOf(
    http.put(path`/nodes/${host}/qemu/${vmid}/resize`, {
      disk: resize.disk,
      size: `${resize.diskGiB}G`,
      digest: resize.digest,
    }),
  )

export const startVm = (http: ProxmoxHttp, host: string, vmid: number): Promise<Result<string, CallFailure>> =>
  upidOf(http.post(path`/nodes/${host}/qemu/${vmid}/status/start`))

/** As with the power button; a guest that does not react in time is turned off. */
export const shutDownVm = (
  http: ProxmoxHttp,
  host: string,
  vmid: number,
  timeoutS: number,
): Promise<Result<string, CallFailure>> =>
  upidOf(http.post(path`/nodes/${host}/qemu/${vmid}/status/shutdown`, { timeout: timeoutS, forceStop: 1 }))

/** At once, like pulling the plug. A shutdown that waits for its guest is ended by it, where the host can do that (8.2). */
export async function stopVm(http: ProxmoxHttp, host: string, vmid: number): Promise<Result<string, CallFailure>> {
  const stop = path`/nodes/${host}/qemu/${vmid}/status/stop`
  const stopped = await upidOf(http.post(stop, { [OVERRULE]: 1 }))
  return !stopped.ok && saysUnknownParameter(stopped.error, OVERRULE) ? upidOf(http.post(stop)) : stopped
}
const OVERRULE = 'overrule-shutdown'

/**
 * With its disks, and out of backup jobs and HA. Not with disks that only carry its number: on a storage that another
 * cluster uses too, or under a number that somebody else had once, they are not its own.
 */
export const destroyVm = (http: ProxmoxHttp, host: string, vmid: number): Promise<Result<string, CallFailure>> =>
  upidOf(http.delete(path`/nodes/${host}/qemu/${vmid}`, { purge: 1 }))

/** Interfaces as the guest agent sees them; it is silent until the guest has booted it. */
export async function agentInterfaces(
  http: ProxmoxHttp,
  host: string,
  vmid: number,
): Promise<Result<readonly Row[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/qemu/${vmid}/agent/network-get-interfaces`)
  return answer.ok ? ok(toRows(toRow(answer.value)['result'])) : err(answer.error)
}

async function upidOf(call: Promise<Result<unknown, CallFailure>>): Promise<Result<string, CallFailure>> {
  const answer = await call
  return answer.ok ? ok(toText(answer.value) ?? '') : err(answer.error)
}
