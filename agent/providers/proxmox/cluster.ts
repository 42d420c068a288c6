import { err, ok, type Result } from '#core/base/result.ts'
import { saysIdInUse } from './errors.ts'
import type { CallFailure, ProxmoxHttp } from './http.ts'
import { bytesToMiB, toCount, toFlag, toRows, toText, type Row } from './parse.ts'

/** Paths under `/cluster`. */

/** `node`, `storage`, `qemu` and `lxc` rows of `GET /cluster/resources`. */
export interface ClusterResources {
  readonly hosts: readonly { readonly name: string; readonly online: boolean }[]
  readonly storages: readonly StorageRow[]
  readonly guests: readonly GuestRow[]
}

export interface StorageRow {
  readonly host: string
  readonly name: string
  readonly content: readonly string[]
  readonly active: boolean
  readonly shared: boolean
  /** As in `zfspool`. */
  readonly type: string | undefined
  readonly totalBytes: number
  readonly usedBytes: number
}

export interface GuestRow {
  readonly kind: 'qemu' | 'lxc'
  readonly host: string
  readonly vmid: number
  readonly name: string
  readonly running: boolean
  readonly cpu: number
  readonly memoryMiB: number
}

/**
 * One bulk call for all that changes. The statistics behind it are up to 10 s old, so it never proves absence, and a
 * state of power may be stale. Templates are left out.
 */
export async function clusterResources(http: ProxmoxHttp): Promise<Result<ClusterResources, CallFailure>> {
  const answer = await http.get('/cluster/resources')
  if (!answer.ok) return err(answer.error)
  const rows = toRows(answer.value)
  const ofType = (type: string): readonly Row[] => rows.filter((row) => row['type'] === type)
  return ok({
    // A host is `unknown` until its first statistics; only `offline` says that it is gone.
    hosts: ofType('node').map((row) => ({ name: toText(row['node']) ?? '', online: row['status'] !== 'offline' })),
    storages: ofType('storage').map((row) => ({
      host: toText(row['node']) ?? '',
      name: toText(row['storage']) ?? '',
      content: (toText(row['content']) ?? '')
        .split(',')
        .filter((content) => content !== '')
        .sort(),
      active: row['status'] === 'available',
      shared: toFlag(row['shared']),
      type: toText(row['plugintype']),
      totalBytes: toCount(row['maxdisk']),
      usedBytes: toCount(row['disk']),
    })),
    guests: rows.filter((row) => !toFlag(row['template'])).flatMap(toGuest),
  })
}

function toGuest(row: Row): readonly GuestRow[] {
  const kind = row['type']
  if (kind !== 'qemu' && kind !== 'lxc') return []
  return [
    {
      kind,
      host: toText(row['node']) ?? '',
      vmid: toCount(row['vmid']),
      name: toText(row['name']) ?? '',
      running: row['status'] === 'running',
      cpu: toCount(row['maxcpu']),
      memoryMiB: bytesToMiB(row['maxmem']),
    },
  ]
}

/** `GET /cluster/nextid?vmid=N`: the one unfiltered and current answer to whether any guest of the cluster holds an id. */
export async function isVmidFree(http: ProxmoxHttp, vmid: number): Promise<Result<boolean, CallFailure>> {
  const answer = await http.get('/cluster/nextid', { vmid })
  if (answer.ok) return ok(true)
  return saysIdInUse(answer.error) ? ok(false) : err(answer.error)
}
