import { ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toCount, toFlag, toRow, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { SiteLook } from '../site-look.ts'
import { hostsOf } from './hosts.ts'

/** A storage as one host sees it. */
export interface StorageFacts {
  readonly host: string
  readonly name: string
  readonly type: string
  readonly content: readonly string[]
  readonly active: boolean
  readonly shared: boolean
  readonly totalBytes: number
  readonly freeBytes: number
  /** It is listed, but asking for its state gives no answer in time. */
  readonly hangs: boolean
}

/**
 * Names come from the statistics, which never hang; each state is asked alone, so that one dead NFS server is named and
 * spoils nothing else. Storages without a right on them are missing, and those of hosts that are off.
 */
export async function storagesOf(look: SiteLook): Promise<Result<readonly StorageFacts[], Problem>> {
  const hosts = await hostsOf(look)
  if (!hosts.ok) return hosts
  const online = new Set(hosts.value.filter((host) => host.online).map(({ name }) => name))
  const listed = await look.read('/cluster/resources', { type: 'storage' })
  if (!listed.ok) return listed
  const rows = toRows(listed.value.data).filter((row) => online.has(toText(row['node']) ?? ''))
  return ok(
    await Promise.all(
      rows.map(async (row) => {
        const host = toText(row['node']) ?? ''
        const name = toText(row['storage']) ?? ''
        const status = await look.read(path`/nodes/${host}/storage/${name}/status`)
        const now = status.ok ? toRow(status.value.data) : {}
        const silent = !status.ok && status.error.code === 'provider-unreachable'
        return {
          host,
          name,
          type: toText(now['type']) ?? toText(row['plugintype']) ?? '',
          content: contentOf(toText(now['content']) ?? toText(row['content']) ?? ''),
          active: status.ok ? toFlag(now['active']) : row['status'] === 'available',
          shared: toFlag(now['shared'] ?? row['shared']),
          totalBytes: toCount(now['total'] ?? row['maxdisk']),
          freeBytes: status.ok ? toCount(now['avail']) : Math.max(0, toCount(row['maxdisk']) - toCount(row['disk'])),
          hangs: silent,
        }
      }),
    ),
  )
}

const contentOf = (list: string): readonly string[] =>
  list
    .split(',')
    .filter((content) => content !== '')
    .sort()
