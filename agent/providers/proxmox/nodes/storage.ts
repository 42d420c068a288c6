import { err, ok, type Result } from '#core/base/result.ts'
import { path, type CallFailure, type ProxmoxHttp } from '../http.ts'
import { toCount, toFlag, toRows, toText } from '../parse.ts'

/** `/nodes/{node}/storage`: what a host stores where, and what lies there. */
export interface HostStorage {
  readonly name: string
  readonly content: readonly string[]
  readonly active: boolean
}

export interface VolumeRow {
  readonly volumeId: string
  readonly sizeBytes: number
  readonly vmid: number | undefined
  /** Epoch ms; 0 when the storage does not tell. */
  readonly createdAt: number
}

/** What images lie under: one that is imported into a disk, or a CD. */
export type ImageContent = 'import' | 'iso'

/** Storages that the token may see, with what they take. One that is not active may not be asked for its content: that hangs. */
export async function listStorages(
  http: ProxmoxHttp,
  host: string,
): Promise<Result<readonly HostStorage[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/storage`, { enabled: 1 })
  if (!answer.ok) return err(answer.error)
  return ok(
    toRows(answer.value).map((row) => ({
      name: toText(row['storage']) ?? '',
      content: (toText(row['content']) ?? '').split(',').filter((content) => content !== ''),
      active: toFlag(row['active']),
    })),
  )
}

const toVolumes = (value: unknown): readonly VolumeRow[] =>
  toRows(value).map((row) => ({
    volumeId: toText(row['volid']) ?? '',
    sizeBytes: toCount(row['size']),
    vmid: row['vmid'] === undefined ? undefined : toCount(row['vmid']),
    createdAt: toCount(row['ctime']) * 1_000,
  }))

export async function listImages(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  content: ImageContent,
): Promise<Result<readonly VolumeRow[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/storage/${storage}/content`, { content })
  return answer.ok ? ok(toVolumes(answer.value)) : err(answer.error)
}

/**
 * Disks that belong to a VMID, by their names; a guest need not exist for them. Only disks: without the filter the list
 * holds its backups as well, and those outlive a guest on purpose.
 */
export async function listDisksOf(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  vmid: number,
): Promise<Result<readonly VolumeRow[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/storage/${storage}/content`, { content: 'images', vmid })
  return answer.ok ? ok(toVolumes(answer.value).filter((volume) => volume.vmid === vmid)) : err(answer.error)
}

/** The host fetches `url` itself. Answers a UPID of type `download`. */
export async function downloadUrl(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  download: { readonly url: string; readonly content: ImageContent; readonly fileName: string },
): Promise<Result<string, CallFailure>> {
  const answer = await http.post(path`/nodes/${host}/storage/${storage}/download-url`, {
    content: download.content,
    filename: download.fileName,
    url: download.url,
  })
  return answer.ok ? ok(toText(answer.value) ?? '') : err(answer.error)
}

/** Replaces a file of the same name without a word. Answers a UPID of type `imgcopy`. */
export async function uploadIso(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  { fileName, file }: { readonly fileName: string; readonly file: Uint8Array },
): Promise<Result<string, CallFailure>> {
  const upload = { fields: { content: 'iso' }, fileName, file }
  const answer = await http.post(path`/nodes/${host}/storage/${storage}/upload`, upload)
  return answer.ok ? ok(toText(answer.value) ?? '') : err(answer.error)
}

/** `delay`: the answer waits so many seconds for the end, at most. Deleting what is not there is no error. */
export async function deleteVolume(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  volumeId: string,
): Promise<Result<void, CallFailure>> {
  const answer = await http.delete(path`/nodes/${host}/storage/${storage}/content/${volumeId}`, { delay: 10 })
  return answer.ok ? ok(undefined) : err(answer.error)
}
