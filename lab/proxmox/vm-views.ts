import {
  agentEnabled,
  bootDiskBytesOf,
  configOf,
  coresOf,
  digestOf,
  memoryMiBOf,
  nicsOf,
  shown,
  type Vm,
} from './vm.ts'
import type { World } from './world.ts'

/** Guests as the API shows them. Which keys are there depends on whether the guest runs, as on the real host. */
type Json = Record<string, unknown>

export interface VmFigures {
  readonly running: boolean
  readonly name: string
  readonly tags: string | undefined
  readonly lock: string | undefined
  readonly cores: number
  readonly memoryBytes: number
  readonly memoryUsedBytes: number
  readonly diskBytes: number
  readonly uptime: number
  readonly template: boolean
}

export function vmFigures(world: World, vm: Vm): VmFigures {
  const config = vm.config
  const memoryBytes = memoryMiBOf(config) * 1024 ** 2
  return {
    running: vm.running !== undefined,
    name:
      config.get(vm.kind === 'lxc' ? 'hostname' : 'name') ??
      config.get('name') ??
      `${vm.kind === 'lxc' ? 'CT' : 'VM '}${vm.vmid}`,
    tags: config.get('tags'),
    lock: config.get('lock'),
    cores: coresOf(config),
    memoryBytes,
    // Without a balloon driver in the guest, use reads near what it was given.
    memoryUsedBytes: vm.running ? Math.round(memoryBytes * 0.97) : 0,
    diskBytes: bootDiskBytesOf(config),
    uptime: vm.running ? Math.floor(((world.time.now() - vm.running.sinceMs) * world.time.rate) / 1000) : 0,
    template: config.get('template') === '1',
  }
}

/** A row of `GET /nodes/{node}/qemu`. */
export function listRow(world: World, vm: Vm): Json {
  const figures = vmFigures(world, vm)
  const pressure = world.cluster.profile.pressureShown
  return {
    vmid: vm.vmid,
    name: figures.name,
    status: figures.running ? 'running' : 'stopped',
    cpu: 0,
    cpus: figures.cores,
    mem: figures.memoryUsedBytes,
    ...(pressure ? { memhost: figures.memoryUsedBytes } : {}),
    maxmem: figures.memoryBytes,
    disk: 0,
    maxdisk: figures.diskBytes,
    netin: 0,
    netout: 0,
    uptime: figures.uptime,
    ...(vm.config.has('serial0') ? { serial: 1 } : {}),
    ...(figures.tags === undefined ? {} : { tags: figures.tags }),
    ...(figures.lock === undefined ? {} : { lock: figures.lock }),
    ...(figures.template ? { template: 1 } : {}),
    ...(vm.running ? { pid: vm.running.pid, ...(pressure ? NO_PRESSURE : {}) } : {}),
  }
}

const NO_PRESSURE = {
  pressurecpufull: 0,
  pressurecpusome: 0,
  pressureiofull: 0,
  pressureiosome: 0,
  pressurememoryfull: 0,
  pressurememorysome: 0,
}

/** `GET …/status/current`. */
export function statusView(world: World, vm: Vm): Json {
  const agent = agentEnabled(vm.config)
  const nics = nicsOf(vm.config).map(({ index }) => [`tap${vm.vmid}i${index}`, { netin: 0, netout: 0 }])
  return {
    ...listRow(world, vm),
    ha: haOf(world, vm),
    qmpstatus: vm.running ? (vm.paused === true ? 'paused' : 'running') : 'stopped',
    ...(agent ? { agent: 1 } : {}),
    ...(vm.config.has('vga') ? { clipboard: null } : {}),
    ...(vm.running ? { nics: Object.fromEntries(nics) } : {}),
  }
}

const haOf = (world: World, vm: Vm): Json => {
  const resource = world.cluster.ha.find(vm.vmid)
  return resource ? { managed: 1, state: resource.state } : { managed: 0 }
}

/** `GET …/config`. */
export function configView(vm: Vm, which: 'current' | 'wanted'): Json {
  const entries = [...configOf(vm, which)].map(([key, value]) => [key, shown(key, value)])
  return { ...Object.fromEntries(entries), digest: digestOf(vm) }
}

/** `GET …/pending`. */
export function pendingView(vm: Vm): Json[] {
  const rows: Json[] = [...vm.config].map(([key, value]) => ({
    key,
    value: shown(key, value),
    ...(vm.pending.has(key) ? { pending: shown(key, vm.pending.get(key) ?? '') } : {}),
    ...(vm.pendingDelete.has(key) ? { delete: 1 } : {}),
  }))
  for (const [key, value] of vm.pending) if (!vm.config.has(key)) rows.push({ key, pending: shown(key, value) })
  return [...rows, { key: 'digest', value: digestOf(vm) }]
}

/** A row of `GET /cluster/resources`: as the last round saw it, `unknown` when it has not yet. */
export function resourceRow(world: World, vm: Vm, showPool: boolean): Json {
  const figures = world.statistics.figures()?.get(vm.vmid)
  const pool = showPool ? world.access.poolOf(vm.vmid) : undefined
  const lock = vm.config.get('lock')
  const base = {
    id: `${vm.kind}/${vm.vmid}`,
    type: vm.kind,
    node: world.node,
    vmid: vm.vmid,
    ...(pool === undefined ? {} : { pool }),
    ...(lock === undefined ? {} : { lock }),
  }
  if (!figures || !world.line.online) return { ...base, status: 'unknown' }
  return {
    ...base,
    name: figures.name,
    status: figures.running ? 'running' : 'stopped',
    cpu: 0,
    maxcpu: figures.cores,
    mem: figures.memoryUsedBytes,
    ...(world.cluster.profile.pressureShown ? { memhost: figures.memoryUsedBytes } : {}),
    maxmem: figures.memoryBytes,
    disk: 0,
    maxdisk: figures.diskBytes,
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    uptime: figures.uptime,
    template: figures.template ? 1 : 0,
    ...(world.cluster.ha.manages(vm.vmid) ? { hastate: world.cluster.ha.find(vm.vmid)?.state } : {}),
    ...(figures.tags === undefined ? {} : { tags: figures.tags }),
  }
}
