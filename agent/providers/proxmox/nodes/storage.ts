import { err, ok, type Result } from '#core/base/result.ts'
import { path, type CallFailure, type ProxmoxHttp } from '../http.ts'
import { toCount, toRows, toText } from '../parse.ts'

/** `/nodes/{node}/storage/{storage}`: images and volumes. */
export interface VolumeRow {
  readonly volumeId: string
  readonly sizeBytes: number
  readonly vmid: number | undefined
}

const toVolumes = (value: unknown): readonly VolumeRow[] =>
  toRows(value).map((row) => ({
    volumeId: toText(row['volid']) ?? '',
    sizeBytes: toCount(row['size']),
    vmid: row['vmid'] === undefined ? undefined : toCount(row['vmid']),
  }))

/** Images that can be imported into a new disk. */
export async function listImages(
  http: ProxmoxHttp,
  host: string,
  storage: string,
): Promise<Result<readonly VolumeRow[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/storage/${storage}/content`, { content: 'import' })
  return answer.ok ? ok(toVolumes(answer.value)) : err(answer.error)
}

/** Volumes that belong to a VMID, by their names; a guest need not exist for them. */
export async function listVolumesOf(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  vmid: number,
): Promise<Result<readonly VolumeRow[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/storage/${storage}/content`, { vmid })
  return answer.ok ? ok(toVolumes(answer.value).filter((volume) => volume.vmid === vmid)) : err(answer.error)
}

/** The host fetches `url` itself. Answers a UPID of type `download`. */
export async function downloadUrl(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  download: { readonly url: string; readonly fileName: string },
): Promise<Result<string, CallFailure>> {
  const answer = await http.post(path`/nodes/${host}/storage/${storage}/download-url`, {
    content: 'import',
    filename: download.fileName,
    url: download.url,
  })
  return answer.ok ? ok(toText(answer.value) ?? '') : err(answer.error)
}

/** `delay`: the answer waits so many seconds for the end, at most. */
export async function deleteVolume(
  http: ProxmoxHttp,
  host: string,
  storage: string,
  volumeId: string,
): Promise<Result<void, CallFailure>> {
  const answer = await http.delete(path`/nodes/${host}/storage/${storage}/content/${volumeId}`, { delay: 10 })
  return answer.ok ? ok(undefined) : err(answer.error)
}
