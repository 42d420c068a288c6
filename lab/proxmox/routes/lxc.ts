import { flag, integer, text } from '../parameter.ts'
import {
  changeContainer,
  createContainer,
  deleteContainer,
  getContainer,
  startContainer,
  stopContainer,
} from '../lxc-life.ts'
import { CHANGE_CONTAINER, CREATE_CONTAINER } from '../lxc-parameters.ts'
import { isSet, needs, needsAny, param, type Call, type Route } from '../route.ts'
import { NODE, NODE_AND_VM } from '../vm-parameters.ts'
import { containerConfig, containerPending, containerRow, containerStatus, interfacesOf } from '../lxc-views.ts'
import * as formats from '../formats.ts'

/** Containers: enough to see what a house has, and to make a router. */
const PATH = '/nodes/{node}/lxc/{vmid}'
const idOf = (call: Call): number => Number(param(call, 'vmid'))
const audit = needs('/vms/{vmid}', 'VM.Audit')
const power = needs('/vms/{vmid}', 'VM.PowerMgmt')

export const containerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/lxc',
    parameters: NODE,
    latencyMs: 8,
    handle: ({ world, who }) =>
      world.vms
        .all()
        .filter((vm) => vm.kind === 'lxc' && world.access.may(who, `/vms/${vm.vmid}`, 'VM.Audit'))
        .map((vm) => containerRow(world, vm)),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc',
    parameters: CREATE_CONTAINER,
    latencyMs: 35,
    handle: ({ world, who, parameters }) => createContainer(world, who, parameters),
  },
  {
    method: 'DELETE',
    path: PATH,
    parameters: { ...NODE_AND_VM, 'destroy-unreferenced-disks': flag(), force: flag(), purge: flag() },
    latencyMs: 22,
    rights: needs('/vms/{vmid}', 'VM.Allocate'),
    handle: (call) => deleteContainer(call.world, call.who, idOf(call), isSet(call, 'force')),
  },
  {
    method: 'GET',
    path: `${PATH}/config`,
    parameters: { ...NODE_AND_VM, current: flag(), snapshot: text({ maxLength: 40, format: formats.configId }) },
    latencyMs: 5,
    rights: audit,
    handle: (call) => containerConfig(getContainer(call.world, idOf(call))),
  },
  {
    method: 'PUT',
    path: `${PATH}/config`,
    parameters: CHANGE_CONTAINER,
    latencyMs: 13,
    rights: needsAny(
      '/vms/{vmid}',
      'VM.Config.Disk',
      'VM.Config.CPU',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.Options',
    ),
    handle: ({ world, who, parameters }) => changeContainer(world, who, parameters),
  },
  {
    method: 'GET',
    path: `${PATH}/pending`,
    parameters: NODE_AND_VM,
    latencyMs: 5,
    rights: audit,
    handle: (call) => containerPending(getContainer(call.world, idOf(call))),
  },
  {
    method: 'GET',
    path: `${PATH}/status/current`,
    parameters: NODE_AND_VM,
    latencyMs: 8,
    rights: audit,
    handle: (call) => containerStatus(call.world, getContainer(call.world, idOf(call))),
  },
  {
    method: 'GET',
    path: `${PATH}/interfaces`,
    parameters: NODE_AND_VM,
    latencyMs: 12,
    rights: audit,
    handle: (call) => interfacesOf(call.world.vms.find(idOf(call))),
  },
  {
    method: 'POST',
    path: `${PATH}/status/start`,
    parameters: { ...NODE_AND_VM, debug: flag(), skiplock: flag() },
    latencyMs: 22,
    rights: power,
    handle: (call) => startContainer(call.world, call.who, idOf(call)),
  },
  {
    method: 'POST',
    path: `${PATH}/status/stop`,
    parameters: { ...NODE_AND_VM, 'overrule-shutdown': flag(), skiplock: flag() },
    latencyMs: 22,
    rights: power,
    handle: (call) => stopContainer(call.world, call.who, idOf(call), 'vzstop'),
  },
  {
    method: 'POST',
    path: `${PATH}/status/shutdown`,
    parameters: { ...NODE_AND_VM, forceStop: flag(), timeout: integer(0) },
    latencyMs: 22,
    rights: power,
    handle: (call) => stopContainer(call.world, call.who, idOf(call), 'vzshutdown'),
  },
]
