import * as formats from '../formats.ts'
import { choice, flag, integer, needed, since9, text } from '../parameter.ts'
import { badParameters, failed } from '../failure.ts'
import { isSet, needs, param, type Call, type Route } from '../route.ts'
import { DISKS, NODE_AND_VM } from '../vm-parameters.ts'
import { cloneVm } from '../vm-clone.ts'
import { changeVm } from '../vm-change.ts'
import { migrateVm, migrationOutlook } from '../vm-migrate.ts'
import { moveDisk } from '../vm-move-disk.ts'
import { makeTemplate } from '../vm-template.ts'

/** What is done with a guest or a disk as a whole: copying, moving, making a template of it. */
const VMID = integer(100, 999_999_999, { format: formats.vmid })
const MOVABLE = [...DISKS, ...Array.from({ length: 256 }, (_, index) => `unused${index}`)]
const idOf = (call: Call): number => Number(param(call, 'vmid'))

export const wholeGuestRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/clone',
    parameters: {
      ...NODE_AND_VM,
      bwlimit: integer(0),
      description: text(),
      format: choice('raw', 'qcow2', 'vmdk'),
      full: flag(),
      name: text({ format: formats.dnsName }),
      newid: needed(VMID),
      pool: text({ format: formats.poolId }),
      snapname: text({ maxLength: 40, format: formats.configId }),
      storage: text({ format: formats.storageId }),
      target: text({ format: formats.node }),
    },
    latencyMs: 28,
    rights: needs('/vms/{vmid}', 'VM.Clone'),
    handle: (call) =>
      cloneVm(call.world, call.who, idOf(call), {
        newId: Number(param(call, 'newid')),
        name: call.parameters.get('name'),
        description: call.parameters.get('description'),
        full: call.parameters.has('full') ? isSet(call, 'full') : undefined,
        pool: call.parameters.get('pool'),
        snapshot: call.parameters.get('snapname'),
        storage: call.parameters.get('storage'),
        target: call.parameters.get('target'),
      }),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/template',
    parameters: { ...NODE_AND_VM, disk: choice(...DISKS) },
    latencyMs: 22,
    rights: needs('/vms/{vmid}', 'VM.Allocate'),
    handle: (call) => makeTemplate(call.world, call.who, idOf(call)),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/migrate',
    parameters: { ...NODE_AND_VM, target: text({ format: formats.node }) },
    latencyMs: 25,
    rights: needs('/vms/{vmid}', 'VM.Migrate'),
    handle: (call) => migrationOutlook(call.world, call.world.vms.get(idOf(call))),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/migrate',
    parameters: {
      ...NODE_AND_VM,
      bwlimit: integer(0),
      force: flag(),
      migration_network: text(),
      migration_type: choice('secure', 'insecure'),
      online: flag(),
      target: needed(text({ format: formats.node })),
      targetstorage: text(),
      'with-conntrack-state': since9(flag()),
      'with-local-disks': flag(),
    },
    latencyMs: 30,
    rights: needs('/vms/{vmid}', 'VM.Migrate'),
    handle: migrate,
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/move_disk',
    parameters: {
      ...NODE_AND_VM,
      bwlimit: integer(0),
      delete: flag(),
      digest: text({ maxLength: 40 }),
      disk: needed(choice(...MOVABLE)),
      format: choice('raw', 'qcow2', 'vmdk'),
      storage: text({ format: formats.storageId }),
      'target-digest': text({ maxLength: 40 }),
      'target-disk': choice(...MOVABLE),
      'target-vmid': VMID,
    },
    latencyMs: 26,
    rights: needs('/vms/{vmid}', 'VM.Config.Disk'),
    handle: (call) => {
      if (call.parameters.has('target-vmid'))
        throw failed('moving a disk to another guest is not simulated by this host')
      const storage = call.parameters.get('storage')
      if (storage === undefined) throw badParameters({ storage: "either set 'storage' or 'target-vmid'" })
      return moveDisk(call.world, call.who, idOf(call), {
        disk: param(call, 'disk'),
        storage,
        format: call.parameters.get('format'),
        deleteSource: isSet(call, 'delete'),
        digest: call.parameters.get('digest'),
      })
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/unlink',
    parameters: { ...NODE_AND_VM, force: flag(), idlist: needed(text()) },
    latencyMs: 14,
    rights: needs('/vms/{vmid}', 'VM.Config.Disk'),
    handle: ({ world, who, parameters }) =>
      changeVm(
        world,
        who,
        new Map([
          ['vmid', parameters.get('vmid') ?? ''],
          ['delete', parameters.get('idlist') ?? ''],
        ]),
      ),
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/cloudinit',
    parameters: NODE_AND_VM,
    latencyMs: 30,
    rights: needs('/vms/{vmid}', 'VM.Config.Cloudinit'),
    handle: (call) => {
      // The drive is made of the configuration whenever it is read; there is nothing to write anew.
      call.world.vms.get(idOf(call))
      return null
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/sendkey',
    parameters: { ...NODE_AND_VM, key: needed(text()), skiplock: flag() },
    latencyMs: 9,
    rights: needs('/vms/{vmid}', 'VM.Console'),
    handle: (call) => {
      if (!call.world.vms.get(idOf(call)).running) throw failed(`VM ${idOf(call)} not running`)
      return null
    },
  },
]

function migrate(call: Call): string {
  const target = param(call, 'target')
  if (call.parameters.has('force') && call.who.user !== 'root@pam')
    throw badParameters({ force: 'Only root may use this option.' })
  const { cluster } = call.world
  if (target !== call.world.node && cluster.findWorld(target) && cluster.ha.manages(idOf(call)))
    return cluster.ha.requestMove(call.world, call.who, idOf(call), target)
  return migrateVm(call.world, call.who, idOf(call), {
    target,
    online: isSet(call, 'online'),
    withLocalDisks: isSet(call, 'with-local-disks'),
    targetStorage: call.parameters.get('targetstorage'),
  })
}
