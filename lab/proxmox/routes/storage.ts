import { createHash } from 'node:crypto'
import { failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { flag, needed, text } from '../parameter.ts'
import { isSet, needs, needsAny, param, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import { words } from '../words.ts'
import { freeBytesOf, holdsFiles, usedBytesOf, type Storage } from '../storages.ts'
import { ADD_STORAGE, CHANGE_STORAGE, STORAGE_TYPE } from './storage-parameters.ts'

export const STORAGE_NAME = needed(text({ format: formats.storageId }))
export const AUDIT = ['Datastore.Audit', 'Datastore.AllocateSpace'] as const
export const NODE_STORAGE = { ...NODE, storage: STORAGE_NAME }

/** Stores: what there is, and how full. */
export const storageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/storage',
    parameters: { type: STORAGE_TYPE },
    latencyMs: 2,
    handle: (call) =>
      call.world.storages
        .all()
        .filter((storage) => mayAudit(call, storage) && ['', storage.type].includes(param(call, 'type')))
        .map((storage) => definition(call, storage)),
  },
  {
    method: 'POST',
    path: '/storage',
    parameters: ADD_STORAGE,
    latencyMs: 30,
    rights: needs('/storage', 'Datastore.Allocate'),
    handle: add,
  },
  {
    method: 'GET',
    path: '/storage/{storage}',
    parameters: { storage: STORAGE_NAME },
    latencyMs: 2,
    rights: needs('/storage/{storage}', 'Datastore.Allocate'),
    handle: (call) => definition(call, call.world.storages.get(param(call, 'storage'))),
  },
  {
    method: 'PUT',
    path: '/storage/{storage}',
    parameters: CHANGE_STORAGE,
    latencyMs: 9,
    rights: needs('/storage', 'Datastore.Allocate'),
    handle: (call) => {
      const storage = call.world.storages.get(param(call, 'storage'))
      const content = call.parameters.get('content')
      for (const { storages } of call.world.cluster.worlds) {
        const each = storages.find(storage.name)
        if (!each) continue
        if (content !== undefined) each.content = formats.splitList(content)
        if (call.parameters.has('disable')) each.disabled = isSet(call, 'disable')
      }
      return { storage: storage.name, type: storage.type }
    },
  },
  {
    method: 'DELETE',
    path: '/storage/{storage}',
    parameters: { storage: STORAGE_NAME },
    latencyMs: 9,
    rights: needs('/storage', 'Datastore.Allocate'),
    handle: (call) => {
      const name = param(call, 'storage')
      if (!call.world.storages.find(name)) throw failed(`delete storage failed: storage '${name}' does not exist`)
      for (const { storages } of call.world.cluster.worlds) storages.forget(name)
      return null
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}',
    parameters: NODE_STORAGE,
    latencyMs: 2,
    rights: needsAny('/storage/{storage}', ...AUDIT),
    handle: () => words('status content upload download-url rrddata').map((subdir) => ({ subdir })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage',
    parameters: {
      ...NODE,
      content: text(),
      enabled: flag(),
      format: flag(),
      storage: text({ format: formats.storageId }),
      target: text({ format: formats.node }),
    },
    latencyMs: 80,
    handle: onNode,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/status',
    parameters: NODE_STORAGE,
    latencyMs: 55,
    rights: needsAny('/storage/{storage}', ...AUDIT),
    handle: async (call) => {
      const storage = call.world.storages.getForStatus(param(call, 'storage'))
      await slowness(call, storage)
      return usage(storage)
    },
  },
]

/** What a store adds to every call that looks at it. */
export const slowness = async (call: Call, storage: Storage): Promise<void> => {
  if (storage.slowMs > 0) await call.world.time.pass(storage.slowMs)
}

const mayAudit = (call: Call, storage: Storage): boolean =>
  call.world.access.mayAny(call.who, `/storage/${storage.name}`, AUDIT)

const definition = (call: Call, storage: Storage): unknown => ({
  storage: storage.name,
  type: storage.type,
  content: storage.content.join(','),
  digest: createHash('sha1')
    .update(JSON.stringify(call.world.storages.all().map(({ name, content }) => [name, content])))
    .digest('hex'),
  ...(storage.path === undefined ? { pool: storage.name } : { path: storage.path }),
  ...(storage.shared ? { shared: 1 } : {}),
  ...(storage.disabled ? { disable: 1 } : {}),
})

const usage = (storage: Storage): Record<string, unknown> => ({
  type: storage.type,
  content: storage.content.join(','),
  shared: storage.shared ? 1 : 0,
  active: storage.active && !storage.disabled ? 1 : 0,
  enabled: storage.disabled ? 0 : 1,
  total: storage.active ? storage.totalBytes : 0,
  used: storage.active ? usedBytesOf(storage) : 0,
  avail: storage.active ? freeBytesOf(storage) : 0,
})

/** A store that answers late makes the whole list late. */
async function onNode(call: Call): Promise<unknown[]> {
  const wanted = formats.splitList(param(call, 'content'))
  const only = call.parameters.get('storage')
  const listed = call.world.storages
    .all()
    .filter((storage) => mayAudit(call, storage))
    .filter((storage) => !isSet(call, 'enabled') || !storage.disabled)
    .filter((storage) => only === undefined || storage.name === only)
    .filter((storage) => wanted.length === 0 || wanted.some((content) => storage.content.includes(content)))
  for (const storage of listed) await slowness(call, storage)
  return listed.map((storage) => ({
    ...usage(storage),
    storage: storage.name,
    ...(storage.active ? { used_fraction: usedBytesOf(storage) / storage.totalBytes } : {}),
    ...(isSet(call, 'format') ? { format: formatsOf(storage) } : {}),
  }))
}

const formatsOf = (storage: Storage): unknown =>
  holdsFiles(storage.type) ? [{ raw: 1, qcow2: 1, vmdk: 1, subvol: 1 }, 'raw'] : [{ raw: 1, subvol: 1 }, 'raw']

function add(call: Call): unknown {
  const name = param(call, 'storage')
  const type = param(call, 'type')
  if (call.world.storages.find(name)) throw failed(`create storage failed: storage ID '${name}' already defined`)
  if (type !== 'dir') throw failed(`create storage failed: storage type '${type}' is not simulated by this host`)
  const path = call.parameters.get('path')
  if (path === undefined) throw failed("missing value for required option 'path'")
  const content = formats.splitList(param(call, 'content') || 'images,rootdir')
  for (const { storages } of call.world.cluster.worlds) storages.add({ name, type, path, content })
  return { storage: name, type }
}
