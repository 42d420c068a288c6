import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { machineOfCidata } from '../cidata.ts'
import { isImageFileName } from '../image-names.ts'
import type { ImageRef, Provider, UnusedImage } from '../provider.ts'
import { checkRelease } from './capabilities.ts'
import { clusterResources } from './cluster.ts'
import { toProblem } from './errors.ts'
import type { GuestConfigs } from './guest-configs.ts'
import type { ProxmoxHttp } from './http.ts'
import { putVmConfig, vmConfig } from './nodes/qemu.ts'
import { deleteVolume, downloadUrl, listImages, listStorages, uploadIso, type VolumeRow } from './nodes/storage.ts'
import { percentIn, taskLogTail } from './nodes/tasks.ts'
import { mediaOf, toText, uuidOf } from './parse.ts'
import type { FindRunning } from './running-tasks.ts'
import { started, translated } from './translated.ts'

/** Images on the storages of hosts: brought, found, and cleared away. */
export type ImageMethods = Pick<
  Provider,
  | 'findImage'
  | 'startDownload'
  | 'findRunningDownload'
  | 'downloadPercent'
  | 'startUpload'
  | 'listUnusedImages'
  | 'deleteImage'
  | 'ejectMedia'
>

export function imageMethods(http: ProxmoxHttp, configs: GuestConfigs, findRunning: FindRunning): ImageMethods {
  return {
    async findImage({ host, storage, content, fileName }) {
      const images = await listImages(http, host, storage, content)
      if (!images.ok) return err(toProblem(images.error))
      const image = images.value.find((volume) => volume.volumeId === `${storage}:${content}/${fileName}`)
      return ok(image && { volumeId: image.volumeId, sizeBytes: image.sizeBytes })
    },
    async startDownload(image, url) {
      const able = await checkRelease(http, image.host, image.content === 'import' ? 'image-import' : 'anything')
      if (!able.ok) return able
      const takes = await checkContent(http, image)
      return takes.ok ? started(await downloadUrl(http, image.host, image.storage, { ...image, url })) : takes
    },
    findRunningDownload: ({ host, fileName }) => findRunning(host, 'download', fileName),
    async downloadPercent(handle) {
      const tail = await taskLogTail(http, handle)
      return percentIn(tail.ok ? tail.value : [])
    },
    async startUpload(image, file) {
      const takes = await checkContent(http, image)
      return takes.ok ? started(await uploadIso(http, image.host, image.storage, { ...image, file })) : takes
    },
    listUnusedImages: (host, storage) => unusedImages(http, host, storage),
    ejectMedia: (machineId) => ejectMedia(http, configs, machineId),
    deleteImage: async (host, { volumeId }) =>
      translated(await deleteVolume(http, host, storageOf(volumeId), volumeId)),
  }
}

const storageOf = (volumeId: string): string => volumeId.split(':')[0] ?? ''
const fileNameOf = (volumeId: string): string => volumeId.split('/').at(-1) ?? ''

/** Says what is missing and how it is mended, before Proxmox says less. */
async function checkContent(http: ProxmoxHttp, { host, storage, content }: ImageRef): Promise<Result<void, Problem>> {
  const storages = await listStorages(http, host)
  if (!storages.ok) return err(toProblem(storages.error))
  const found = storages.value.find(({ name }) => name === storage)
  // Not listed may also mean that the token may not see it; then the call itself tells more.
  if (!found || found.content.includes(content)) return ok(undefined)
  const run = `pvesm set ${storage} --content ${[...found.content, content].sort().join(',')}`
  return err(problem('storage-missing', { host, storage, content, run }))
}

async function ejectMedia(http: ProxmoxHttp, configs: GuestConfigs, machineId: string): Promise<Result<void, Problem>> {
  const resources = await clusterResources(http)
  if (!resources.ok) return err(toProblem(resources.error))
  for (const guest of resources.value.guests) {
    if (guest.kind !== 'qemu' || (await configs.identityOf(guest)).uuid !== machineId) continue
    const config = await vmConfig(http, guest.host, guest.vmid)
    if (!config.ok) return err(toProblem(config.error))
    // What was remembered only says where to look.
    const own = mediaOf(config.value).filter(({ volume }) => isOurs(fileNameOf(volume)))
    if (uuidOf(config.value) !== machineId || own.length === 0) continue
    // An empty drive stays, for a drive cannot be unplugged from a running guest; an ejected CD is out at once.
    const drives = Object.fromEntries(own.map(({ key }) => [key, 'none,media=cdrom']))
    const params = { ...drives, digest: toText(config.value['digest']) }
    const changed = await putVmConfig(http, guest.host, guest.vmid, params)
    if (!changed.ok) return err(toProblem(changed.error))
  }
  return ok(undefined)
}

async function unusedImages(
  http: ProxmoxHttp,
  host: string,
  storage: string,
): Promise<Result<readonly UnusedImage[], Problem>> {
  const storages = await listStorages(http, host)
  if (!storages.ok) return err(toProblem(storages.error))
  const takes = storages.value.find(({ name, active }) => name === storage && active)?.content ?? []
  const listed: VolumeRow[] = []
  for (const content of ['import', 'iso'] as const) {
    if (!takes.includes(content)) continue
    const images = await listImages(http, host, storage, content)
    if (!images.ok) return err(toProblem(images.error))
    listed.push(...images.value)
  }
  const own = listed.filter(({ volumeId }) => isOurs(fileNameOf(volumeId)))
  if (own.length === 0) return ok([])
  const guests = await readGuests(http)
  if (!guests.ok) return guests
  const free = ({ volumeId }: VolumeRow): boolean => {
    const owner = machineOfCidata(fileNameOf(volumeId))
    return !guests.value.media.has(volumeId) && (owner === undefined || !guests.value.identities.has(owner))
  }
  return ok(own.filter(free).map((volume) => ({ ...volume, fileName: fileNameOf(volume.volumeId) })))
}

const isOurs = (fileName: string): boolean => isImageFileName(fileName) || machineOfCidata(fileName) !== undefined

/** CDs in the drives of all VMs of the cluster, and their identities. One VM that may not be read makes all of it unknown. */
async function readGuests(
  http: ProxmoxHttp,
): Promise<Result<{ readonly media: ReadonlySet<string>; readonly identities: ReadonlySet<string> }, Problem>> {
  const resources = await clusterResources(http)
  if (!resources.ok) return err(toProblem(resources.error))
  const media = new Set<string>()
  const identities = new Set<string>()
  for (const { kind, host, vmid } of [...resources.value.guests, ...resources.value.templates]) {
    if (kind !== 'qemu') continue
    const config = await vmConfig(http, host, vmid)
    if (!config.ok) return err(toProblem(config.error))
    for (const { volume } of mediaOf(config.value)) media.add(volume)
    const uuid = uuidOf(config.value)
    if (uuid !== undefined) identities.add(uuid)
  }
  return ok({ media, identities })
}
