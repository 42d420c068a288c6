import { err, ok, type Result } from '#core/base/result.ts'
import { saysIdInUse, saysNotHaManaged } from './errors.ts'
import { noAnswer, path, type CallFailure, type ProxmoxHttp } from './http.ts'
import { bytesToMiB, toCount, toFlag, toRows, toText, type Row } from './parse.ts'

/** Paths under `/cluster`. */

/** `node`, `storage`, `qemu` and `lxc` rows of `GET /cluster/resources`. */
export interface ClusterResources {
  readonly hosts: readonly { readonly name: string; readonly online: boolean }[]
  readonly storages: readonly StorageRow[]
  readonly guests: readonly GuestRow[]
  readonly templates: readonly GuestRow[]
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

const NEXT_ID = { method: 'GET', path: '/cluster/nextid' } as const
const RESOURCES = { method: 'GET', path: '/cluster/resources' } as const

/**
 * One bulk call for all that changes. The statistics behind it are up to 10 s old, so it never proves absence, and a
 * state of power may be stale. Templates stand apart: they take no capacity.
 */
export async function clusterResources(http: ProxmoxHttp): Promise<Result<ClusterResources, CallFailure>> {
  const answer = await http.get('/cluster/resources')
  if (!answer.ok) return err(answer.error)
  const rows = toRows(answer.value)
  // A cluster without a node is a service that just started, not a site that lost everything.
  if (!rows.some((row) => row['type'] === 'node')) return err(noAnswer(RESOURCES, 'no node is listed yet'))
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
    templates: rows.filter((row) => toFlag(row['template'])).flatMap(toGuest),
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
  const answer = await http.get(NEXT_ID.path, { vmid })
  // The proof that a machine is absent: only the number itself says that it is free.
  if (answer.ok) return toCount(answer.value) === vmid ? ok(true) : err(noAnswer(NEXT_ID, 'another number was told'))
  return saysIdInUse(answer.error) ? ok(false) : err(answer.error)
}

/**
 * `DELETE /cluster/ha/resources/vm:N`: HA lets go of a guest, which stays as it is. Needs Sys.Console on `/`, a right the
 * token need not have. Source: schema of 9.2 and 8.4.
 */
export async function releaseFromHa(http: ProxmoxHttp, vmid: number): Promise<Result<void, CallFailure>> {
  const answer = await http.delete(path`/cluster/ha/resources/${`vm:${vmid}`}`)
  return answer.ok || saysNotHaManaged(answer.error) ? ok(undefined) : err(answer.error)
}
