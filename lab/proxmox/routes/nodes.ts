import { CPU_MODELS, MACHINES } from '../capabilities.ts'
import { failed } from '../failure.ts'
import { choice, flag, needed, text } from '../parameter.ts'
import { needs, needsNetworkAccess, NOTHING, param, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import { memoryMiBOf } from '../vm.ts'
import { epochSeconds } from '../world.ts'
import { VERSION } from './version.ts'
import { words } from '../words.ts'

const GIB = 1024 ** 3
/** What the host itself takes: system, services, cache. */
const HOST_MEMORY_BYTES = 2 * GIB
const ROOT_BYTES = 96 * GIB
const ROOT_USED_BYTES = 12 * GIB
/** Seconds that the host had been up when the lab began. */
const UPTIME_S = 864_000

/** The host itself: figures, network, capabilities, certificates. */
export const nodeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes',
    parameters: NOTHING,
    latencyMs: 2,
    handle: (call) => [
      {
        ...nodeFigures(call),
        id: `node/${call.world.node}`,
        type: 'node',
        ssl_fingerprint: call.world.certificates.fingerprint,
      },
    ],
  },
  {
    method: 'GET',
    path: '/nodes/{node}/status',
    parameters: NODE,
    latencyMs: 2,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: status,
  },
  { method: 'GET', path: '/nodes/{node}/version', parameters: NODE, latencyMs: 1, handle: () => VERSION },
  {
    method: 'GET',
    path: '/nodes/{node}/time',
    parameters: NODE,
    latencyMs: 10,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: ({ world }) => ({ time: epochSeconds(world), localtime: epochSeconds(world), timezone: 'Etc/UTC' }),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/dns',
    parameters: NODE,
    latencyMs: 3,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: ({ world }) => ({ search: world.options.domain ?? 'lan', dns1: '127.0.0.1' }),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/network',
    parameters: {
      ...NODE,
      type: choice(
        ...words('bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort'),
        ...words('vnet any_bridge any_local_bridge include_sdn'),
      ),
    },
    latencyMs: 14,
    handle: network,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/cpu',
    parameters: { ...NODE, arch: choice('x86_64', 'aarch64') },
    latencyMs: 4,
    handle: () => CPU_MODELS.map((model) => ({ ...model, custom: 0 })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/machines',
    parameters: { ...NODE, arch: choice('x86_64', 'aarch64') },
    latencyMs: 2,
    handle: () => MACHINES,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/certificates/info',
    parameters: NODE,
    latencyMs: 5,
    handle: ({ world }) => world.certificates.info,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/query-url-metadata',
    parameters: { ...NODE, url: needed(text({ pattern: /^https?:\/\/.*/ })), 'verify-certificates': flag() },
    latencyMs: 12,
    rights: needsNetworkAccess,
    handle: urlMetadata,
  },
]

/** A node row; figures only with Sys.Audit and after the first round of statistics. */
export function nodeFigures(call: Call): Record<string, unknown> {
  const { world, who } = call
  const known = world.statistics.figures() !== undefined
  const base = { node: world.node, status: known ? 'online' : 'unknown' }
  if (!known || !world.access.may(who, `/nodes/${world.node}`, 'Sys.Audit')) return base
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

function status(call: Call): unknown {
  const { threads, memoryMiB } = call.world.options
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
      vendor: 'AuthenticAMD',
      family: '25',
      hvm: '1',
      user_hz: 100,
      flags:
        'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ssse3 sse4_1 sse4_2 popcnt aes avx avx2',
    },
    memory: { total, used, free: total - used, available: total - used },
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
    pveversion: `pve-manager/${VERSION.version}/${VERSION.repoid}`,
  }
}

/** A bridge without the right to use it is left out: "no such bridge" and "no right" look alike. */
function network(call: Call): unknown[] {
  const { world, who } = call
  const type = param(call, 'type')
  const visible = world.bridges.filter(({ name }) =>
    world.access.mayAny(who, `/sdn/zones/localnetwork/${name}`, ['SDN.Use', 'SDN.Audit']),
  )
  const bridges = visible.map((bridge) => {
    const [address = ''] = bridge.cidr?.split('/') ?? []
    return {
      iface: bridge.name,
      type: 'bridge',
      active: 1,
      autostart: 1,
      bridge_fd: '0',
      bridge_ports: bridge.port ?? '',
      bridge_stp: 'off',
      families: ['inet'],
      method: bridge.cidr === undefined ? 'manual' : 'static',
      method6: 'manual',
      priority: 4,
      ...(bridge.cidr === undefined ? {} : { address, cidr: bridge.cidr, netmask: bridge.cidr.split('/')[1] ?? '' }),
    }
  })
  const ports = { iface: 'eno1', type: 'eth', method: 'manual', method6: 'manual', families: ['inet'], priority: 3 }
  if (['bridge', 'any_bridge', 'any_local_bridge'].includes(type)) return bridges
  if (type === '' || type === 'include_sdn') return [ports, ...bridges]
  return type === 'eth' ? [ports] : []
}

function urlMetadata(call: Call): unknown {
  const url = param(call, 'url')
  const answer = call.world.images.look(url)
  if (answer.kind === 'image') {
    const filename = new URL(url).pathname.split('/').at(-1) ?? ''
    return { filename, mimetype: 'application/octet-stream', size: answer.sizeBytes }
  }
  if (answer.kind === 'http-error') throw failed(`invalid server response: '${answer.status} ${answer.reason}'`)
  const why = answer.kind === 'refused' ? 'Connection refused' : 'Name or service not known'
  throw failed(`invalid server response: '500 Can't connect to ${answer.host} (${why})'`)
}
