import { IMAGE_DELETE_MS } from '../durations.ts'
import { failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { fileOf, storeUpload } from '../upload.ts'
import { startDownload } from '../download.ts'
import { choice, flag, integer, needed, text } from '../parameter.ts'
import { needs, needsAny, needsNetworkAccess, numberParam, param, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import type { Volume } from '../storages.ts'
import { AUDIT, NODE_STORAGE, slowness } from './storage.ts'

const VOLUME = { ...NODE, storage: text({ format: formats.storageId }), volume: needed(text()) }

/** What lies on a store: listing, fetching images, deleting. */
export const storageContentRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content',
    parameters: { ...NODE_STORAGE, content: text(), vmid: integer(100, 999999999, { format: formats.vmid }) },
    latencyMs: 20,
    rights: needsAny('/storage/{storage}', ...AUDIT),
    handle: list,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content/{volume}',
    parameters: VOLUME,
    latencyMs: 20,
    handle: (call) => {
      const { world, who } = call
      world.access.checkAny(who, `/storage/${param(call, 'storage')}`, ['Datastore.AllocateSpace', 'Datastore.Audit'])
      const volume = world.storages.findVolume(volid(call))
      if (!volume) throw failed(`volume_size_info on '${volid(call)}' failed - no format`)
      return { path: volume.path, format: volume.format, size: volume.sizeBytes, used: volume.usedBytes }
    },
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/storage/{storage}/content/{volume}',
    parameters: { ...VOLUME, delay: integer(1, 30) },
    latencyMs: 12,
    rights: needs('/storage/{storage}', 'Datastore.Allocate'),
    handle: remove,
  },
  {
    method: 'POST',
    path: '/nodes/{node}/storage/{storage}/download-url',
    parameters: {
      ...NODE_STORAGE,
      checksum: text({ requires: 'checksum-algorithm' }),
      'checksum-algorithm': {
        ...choice('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'),
        requires: 'checksum',
      },
      compression: text(),
      content: needed(choice('iso', 'vztmpl', 'import')),
      filename: needed(text({ maxLength: 255 })),
      url: needed(text({ pattern: /^https?:\/\/.*/ })),
      'verify-certificates': flag(),
    },
    latencyMs: 25,
    rights: (call) => {
      needs('/storage/{storage}', 'Datastore.AllocateTemplate')(call)
      needsNetworkAccess(call)
    },
    handle: (call) =>
      startDownload(call.world, call.who, {
        storage: param(call, 'storage'),
        content: param(call, 'content'),
        filename: param(call, 'filename'),
        url: param(call, 'url'),
        checksum: call.parameters.get('checksum'),
        compression: call.parameters.get('compression'),
      }),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/storage/{storage}/upload',
    parameters: {
      ...NODE_STORAGE,
      checksum: text({ requires: 'checksum-algorithm' }),
      'checksum-algorithm': {
        ...choice('md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'),
        requires: 'checksum',
      },
      content: needed(choice('iso', 'vztmpl', 'import')),
      filename: needed(text({ maxLength: 255 })),
      tmpfilename: text({ pattern: /^\/var\/tmp\/pveupload-[0-9a-f]+$/ }),
    },
    latencyMs: 30,
    rights: needs('/storage/{storage}', 'Datastore.AllocateTemplate'),
    handle: (call) =>
      storeUpload(call.world, call.who, {
        storage: param(call, 'storage'),
        content: param(call, 'content'),
        checksum: call.parameters.get('checksum'),
        algorithm: call.parameters.get('checksum-algorithm'),
        file: fileOf(call.upload),
      }),
  },
]

const volid = (call: Call): string => {
  const volume = param(call, 'volume')
  return volume.includes(':') ? volume : `${param(call, 'storage')}:${volume}`
}

/**
 * Disks of guests only to those who may audit the store and configure the guest's disks, images to everybody who may look.
 * Source: flow-faults, without Datastore.Audit of the disk store: the list is empty.
 */
async function list(call: Call): Promise<unknown[]> {
  const { world, who } = call
  const storage = world.storages.get(param(call, 'storage'))
  await slowness(call, storage)
  if (!storage.active) throw failed(`storage '${storage.name}' is not online`)
  const content = param(call, 'content')
  const vmid = numberParam(call, 'vmid')
  const mayRead = (volume: Volume): boolean =>
    volume.vmid === undefined ||
    world.access.may(who, `/storage/${storage.name}`, 'Datastore.Allocate') ||
    (world.access.may(who, `/storage/${storage.name}`, 'Datastore.Audit') &&
      world.access.may(who, `/vms/${volume.vmid}`, 'VM.Config.Disk'))
  return [...storage.volumes.values()]
    .filter((volume) => (content === '' || volume.content === content) && (vmid === undefined || volume.vmid === vmid))
    .filter(mayRead)
    .map((volume) => ({
      volid: volume.volid,
      content: volume.content,
      format: volume.format,
      ctime: volume.changedAt,
      ...(volume.vmid === undefined
        ? { size: volume.usedBytes }
        : { size: volume.sizeBytes, used: volume.usedBytes, parent: null, vmid: volume.vmid }),
    }))
}

/** With `delay` the answer waits for the work and is null when that was enough. Deleting what is not there is OK. */
async function remove(call: Call): Promise<string | null> {
  const { world, who } = call
  const name = volid(call)
  const storage = world.storages.get(param(call, 'storage'))
  const upid = world.tasks.start('imgdel', storage.name, who, async (worker) => {
    await worker.busy(IMAGE_DELETE_MS)
    const volume = world.storages.remove(name)
    if (volume?.vmid !== undefined) world.guests.eraseDisk(volume.id)
    if (!volume) {
      const path = `${storage.path ?? `/dev/${storage.name}`}/${name.slice(name.indexOf(':') + 1)}`
      worker.log(`disk image '${path}' does not exist`)
    }
    worker.log(`Removed volume '${name}'`)
  })
  const delay = numberParam(call, 'delay')
  if (delay === undefined) return upid
  const task = world.tasks.find(upid)
  const patience = new AbortController()
  await Promise.race([task?.ended, world.time.pass(delay * 1000, patience.signal)])
  patience.abort()
  return task?.exit === undefined ? upid : null
}
