import { CLOUD_INIT_KEYS, dumpCloudInit } from '../cloud-init.ts'
import { badParameters } from '../failure.ts'
import * as formats from '../formats.ts'
import { choice, flag, needed, text } from '../parameter.ts'
import { isSet, needs, needsAny, param, type Call, type Route } from '../route.ts'
import { changeVm, changeVmInBackground } from '../vm-change.ts'
import { createVm } from '../vm-create.ts'
import { deleteVm } from '../vm-delete.ts'
import { CHANGE_VM, CHANGE_VM_IN_BACKGROUND, CREATE_VM, DISKS, NODE, NODE_AND_VM } from '../vm-parameters.ts'
import { resizeDisk } from '../vm-resize.ts'
import { getSnapshot, snapshotConfig } from '../vm-snapshot.ts'
import { configView, listRow, pendingView, statusView } from '../vm-views.ts'
import { digestOf, configOf, drivesOf, isCdRom, shown, type Vm } from '../vm.ts'
import { words } from '../words.ts'

const vmOf = (call: Call): Vm => call.world.vms.get(Number(param(call, 'vmid')))
const audit = needs('/vms/{vmid}', 'VM.Audit')
const mayConfigure = needsAny(
  '/vms/{vmid}',
  ...words('VM.Config.Disk VM.Config.CDROM VM.Config.CPU VM.Config.Memory VM.Config.Network'),
  ...words('VM.Config.HWType VM.Config.Options VM.Config.Cloudinit'),
)

/** A guest's configuration and its looks; power is in another file. */
export const qemuRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/qemu',
    parameters: { ...NODE, full: flag() },
    latencyMs: 8,
    handle: ({ world, who }) =>
      world.vms
        .all()
        .filter((vm) => vm.kind === 'qemu' && world.access.may(who, `/vms/${vm.vmid}`, 'VM.Audit'))
        .map((vm) => listRow(world, vm)),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu',
    parameters: CREATE_VM,
    latencyMs: 26,
    handle: ({ world, who, parameters }) => createVm(world, who, parameters),
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/qemu/{vmid}',
    parameters: { ...NODE_AND_VM, 'destroy-unreferenced-disks': flag(), purge: flag(), skiplock: flag() },
    latencyMs: 23,
    rights: needs('/vms/{vmid}', 'VM.Allocate'),
    handle: (call) => {
      if (call.parameters.has('skiplock') && call.who.user !== 'root@pam')
        throw badParameters({ skiplock: 'Only root may use this option.' })
      return deleteVm(call.world, call.who, Number(param(call, 'vmid')), {
        purge: isSet(call, 'purge'),
        unreferencedDisks: isSet(call, 'destroy-unreferenced-disks'),
      })
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/config',
    parameters: { ...NODE_AND_VM, current: flag(), snapshot: text({ maxLength: 40, format: formats.configId }) },
    latencyMs: 5,
    rights: audit,
    handle: (call) => {
      if (call.parameters.has('snapshot'))
        return { ...snapshotConfig(getSnapshot(vmOf(call), param(call, 'snapshot'))), digest: digestOf(vmOf(call)) }
      return configView(vmOf(call), isSet(call, 'current') ? 'current' : 'wanted')
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/config',
    parameters: CHANGE_VM,
    latencyMs: 13,
    rights: mayConfigure,
    handle: ({ world, who, parameters }) => changeVm(world, who, parameters),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/config',
    parameters: CHANGE_VM_IN_BACKGROUND,
    latencyMs: 23,
    rights: mayConfigure,
    handle: ({ world, who, parameters }) => changeVmInBackground(world, who, parameters),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/pending',
    parameters: NODE_AND_VM,
    latencyMs: 6,
    rights: audit,
    handle: (call) => pendingView(vmOf(call)),
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/qemu/{vmid}/resize',
    parameters: {
      ...NODE_AND_VM,
      digest: text({ maxLength: 40 }),
      disk: needed(choice(...DISKS)),
      size: needed(text({ pattern: /^\+?\d+(\.\d+)?[KMGT]?$/ })),
      skiplock: flag(),
    },
    latencyMs: 20,
    rights: needs('/vms/{vmid}', 'VM.Config.Disk'),
    handle: ({ world, who, parameters }) => resizeDisk(world, who, parameters),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/cloudinit',
    parameters: NODE_AND_VM,
    latencyMs: 3,
    rights: audit,
    handle: (call) =>
      [...configOf(vmOf(call), 'wanted')]
        .filter(([key]) => CLOUD_INIT_KEYS.includes(key))
        .map(([key, value]) => ({ key, value: shown(key, value) })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/cloudinit/dump',
    parameters: { ...NODE_AND_VM, type: needed(choice('user', 'network', 'meta')) },
    latencyMs: 6,
    rights: audit,
    handle: (call) => {
      const vm = vmOf(call)
      const type = param(call, 'type')
      return dumpCloudInit(configOf(vm, 'wanted'), vm.vmid, type === 'user' || type === 'meta' ? type : 'network')
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/status/current',
    parameters: NODE_AND_VM,
    latencyMs: 9,
    rights: audit,
    handle: (call) => statusView(call.world, vmOf(call)),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/feature',
    parameters: {
      ...NODE_AND_VM,
      feature: needed(choice('snapshot', 'clone', 'copy')),
      snapname: text({ maxLength: 40, format: formats.configId }),
    },
    latencyMs: 10,
    rights: audit,
    handle: (call) => {
      const raw = drivesOf(vmOf(call).config).some(
        ([, drive]) => !isCdRom(drive) && drive.get('file')?.endsWith('.raw'),
      )
      return { hasFeature: raw && param(call, 'feature') === 'snapshot' ? 0 : 1, nodes: [call.world.node] }
    },
  },
]
