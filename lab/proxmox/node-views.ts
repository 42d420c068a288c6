import type { Call } from './route.ts'
import { memoryMiBOf } from './vm.ts'

/** A host as lists and its own page show it. */
const GIB = 1024 ** 3
/** What the host itself takes: system, services, cache. */
const HOST_MEMORY_BYTES = 2 * GIB
const ROOT_BYTES = 96 * GIB
const ROOT_USED_BYTES = 12 * GIB
/** Seconds that the host had been up when the lab began. */
const UPTIME_S = 864_000

/** A node row; figures only with Sys.Audit and after the first round of statistics. */
export function nodeFigures(call: Call): Record<string, unknown> {
  const { world, who } = call
  const known = world.statistics.figures() !== undefined
  const base = { node: world.node, status: !world.line.online ? 'offline' : known ? 'online' : 'unknown' }
  if (!known || !world.line.online || !world.access.may(who, `/nodes/${world.node}`, 'Sys.Audit')) return base
  return {
    ...base,
    cpu: 0.02,
    maxcpu: world.options.threads,
    mem: usedMemory(call),
    maxmem: world.options.memoryMiB * 1024 ** 2,
    disk: ROOT_USED_BYTES,
    maxdisk: ROOT_BYTES,
    uptime: UPTIME_S,
    level: '',
    'cgroup-mode': 2,
  }
}

const usedMemory = ({ world }: Call): number =>
  world.vms.all().reduce((sum, vm) => sum + (vm.running ? memoryMiBOf(vm.config) * 1024 ** 2 : 0), HOST_MEMORY_BYTES)

/** `GET /nodes/{node}/status`. */
export function nodeStatus(call: Call): unknown {
  const { threads, memoryMiB } = call.world.options
  const { version, major, cpuDetails } = call.world.cluster.profile
  const total = memoryMiB * 1024 ** 2
  const used = Math.min(total, usedMemory(call))
  return {
    cpu: 0.02,
    idle: 0,
    wait: 0,
    uptime: UPTIME_S,
    loadavg: ['0.44', '0.59', '0.55'],
    cpuinfo: {
      cpus: threads,
      cores: Math.max(1, threads / 2),
      sockets: 1,
      mhz: '2600.000',
      model: 'Simulated CPU',
      ...(cpuDetails ? { vendor: 'AuthenticAMD', family: '25' } : {}),
      hvm: '1',
      user_hz: 100,
      flags:
        'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ssse3 sse4_1 sse4_2 popcnt aes avx avx2',
    },
    memory: { total, used, free: total - used, ...(major < 9 ? {} : { available: total - used }) },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: {
      total: ROOT_BYTES,
      used: ROOT_USED_BYTES,
      free: ROOT_BYTES - ROOT_USED_BYTES,
      avail: ROOT_BYTES - ROOT_USED_BYTES,
    },
    ksm: { shared: 0 },
    kversion: 'Linux 6.17.2-1-pve #1 SMP PREEMPT_DYNAMIC',
    'current-kernel': {
      sysname: 'Linux',
      release: '6.17.2-1-pve',
      version: '#1 SMP PREEMPT_DYNAMIC',
      machine: 'x86_64',
    },
    'boot-info': { mode: 'efi' },
    pveversion: `pve-manager/${version.version}/${version.repoid}`,
  }
}
