import { failed } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, needed, text } from '../parameter.ts'
import { isSet, needs, param, type Call, type Route } from '../route.ts'
import { listRow } from '../vm-views.ts'
import type { Pool } from '../access.ts'

const POOL_ID = text({ format: formats.poolId })
const TYPE = choice('qemu', 'lxc', 'storage')

/** Pools: what an agent's rights are tied to. */
export const poolRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pools',
    parameters: { poolid: POOL_ID, type: { ...TYPE, requires: 'poolid' } },
    latencyMs: 2,
    handle: (call) => {
      const { access } = call.world
      const one = call.parameters.get('poolid')
      if (one !== undefined) {
        access.check(call.who, `/pool/${one}`, 'Pool.Audit')
        return [{ poolid: one, ...details(call, poolOf(call)) }]
      }
      return [...access.pools.values()]
        .filter(({ id }) => access.may(call.who, `/pool/${id}`, 'Pool.Audit'))
        .map(({ id, comment }) => ({ poolid: id, ...(comment === undefined ? {} : { comment }) }))
    },
  },
  {
    method: 'POST',
    path: '/pools',
    parameters: { comment: text(), poolid: needed(POOL_ID) },
    latencyMs: 19,
    rights: needs('/pool/{poolid}', 'Pool.Allocate'),
    handle: (call) => {
      const id = param(call, 'poolid')
      if (call.world.access.pools.has(id)) throw failed(`create pool failed: pool '${id}' already exists`)
      call.world.access.pools.set(id, {
        id,
        comment: call.parameters.get('comment'),
        vms: new Set(),
        storages: new Set(),
      })
      return null
    },
  },
  {
    method: 'PUT',
    path: '/pools',
    parameters: {
      'allow-move': flag(),
      comment: text(),
      delete: flag(),
      poolid: needed(POOL_ID),
      storage: text(),
      vms: text(),
    },
    latencyMs: 15,
    rights: needs('/pool/{poolid}', 'Pool.Allocate'),
    handle: change,
  },
  {
    method: 'DELETE',
    path: '/pools',
    parameters: { poolid: needed(POOL_ID) },
    latencyMs: 10,
    rights: needs('/pool/{poolid}', 'Pool.Allocate'),
    handle: remove,
  },
  {
    method: 'PUT',
    path: '/pools/{poolid}',
    parameters: {
      'allow-move': flag(),
      comment: text(),
      delete: flag(),
      poolid: needed(POOL_ID),
      storage: text(),
      vms: text(),
    },
    latencyMs: 15,
    rights: needs('/pool/{poolid}', 'Pool.Allocate'),
    handle: change,
  },
  {
    method: 'DELETE',
    path: '/pools/{poolid}',
    parameters: { poolid: needed(POOL_ID) },
    latencyMs: 10,
    rights: needs('/pool/{poolid}', 'Pool.Allocate'),
    handle: remove,
  },
  {
    method: 'GET',
    path: '/pools/{poolid}',
    parameters: { poolid: needed(POOL_ID), type: TYPE },
    latencyMs: 4,
    rights: needs('/pool/{poolid}', 'Pool.Audit'),
    handle: (call) => details(call, poolOf(call)),
  },
]

function poolOf(call: Call): Pool {
  const id = param(call, 'poolid')
  const pool = call.world.access.pools.get(id)
  if (!pool) throw failed(`pool '${id}' does not exist`)
  return pool
}

function details({ world }: Call, pool: Pool): Record<string, unknown> {
  const members = world.cluster.guests().filter(({ vm }) => pool.vms.has(vm.vmid))
  return {
    ...(pool.comment === undefined ? {} : { comment: pool.comment }),
    members: [
      ...[...pool.storages].map((storage) => ({
        id: `storage/${world.node}/${storage}`,
        type: 'storage',
        storage,
        node: world.node,
      })),
      ...members.map(({ world: owner, vm }) => ({
        ...listRow(owner, vm),
        id: `${vm.kind}/${vm.vmid}`,
        type: vm.kind,
        node: owner.node,
      })),
    ],
  }
}

function remove(call: Call): null {
  const id = param(call, 'poolid')
  const pool = call.world.access.pools.get(id)
  if (!pool) throw failed(`delete pool failed: pool '${id}' does not exist`)
  const [guest] = pool.vms
  if (guest !== undefined) throw failed(`delete pool failed: pool '${id}' is not empty (contains VM ${guest})`)
  const [storage] = pool.storages
  if (storage !== undefined)
    throw failed(`delete pool failed: pool '${id}' is not empty (contains storage '${storage}')`)
  call.world.access.pools.delete(id)
  return null
}

function change(call: Call): null {
  const pool = poolOf(call)
  pool.comment = call.parameters.get('comment') ?? pool.comment
  for (const storage of formats.splitList(param(call, 'storage'))) {
    if (isSet(call, 'delete')) pool.storages.delete(storage)
    else pool.storages.add(storage)
  }
  for (const vmid of formats.splitList(param(call, 'vms')).map(Number)) {
    if (isSet(call, 'delete')) pool.vms.delete(vmid)
    else if (pool.vms.has(vmid)) throw failed(`update pools failed: VM ${vmid} is already a pool member`)
    else pool.vms.add(vmid)
  }
  return null
}
