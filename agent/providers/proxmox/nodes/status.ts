import { err, ok, type Result } from '#core/base/result.ts'
import { path, type CallFailure, type ProxmoxHttp } from '../http.ts'
import { bytesToMiB, toCount, toRow, toRows, toText } from '../parse.ts'

/** `/nodes/{node}/status` and `/network`: what a host is made of. */
export interface HostStatus {
  readonly threads: number
  readonly memoryMiB: number
  /** As in `9.2.11`. */
  readonly version: string
}

export async function hostStatus(http: ProxmoxHttp, host: string): Promise<Result<HostStatus, CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/status`)
  if (!answer.ok) return err(answer.error)
  const status = toRow(answer.value)
  return ok({
    threads: toCount(toRow(status['cpuinfo'])['cpus']),
    memoryMiB: bytesToMiB(toRow(status['memory'])['total']),
    // `pve-manager/9.2.11/14a22df35955d97d`
    version: (toText(status['pveversion']) ?? '').split('/')[1] ?? '',
  })
}

/** Names of the bridges. Without SDN.Use on a bridge it is missing from the list. */
export async function hostBridges(http: ProxmoxHttp, host: string): Promise<Result<readonly string[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/network`, { type: 'any_bridge' })
  if (!answer.ok) return err(answer.error)
  return ok(toRows(answer.value).flatMap((row) => toText(row['iface']) ?? []))
}
