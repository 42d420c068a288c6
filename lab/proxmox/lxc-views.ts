import { containerNicFormat, CONTAINER_OPTIONS } from './lxc-parameters.ts'
import { declarationOf } from './parameter.ts'
import { readProperties } from './property-string.ts'
import { parseSize } from './sizes.ts'
import { digestOf, type Vm } from './vm.ts'
import type { World } from './world.ts'

/** Containers as the API shows them. */
type Json = Record<string, unknown>

const MIB = 1024 ** 2

/** `memory` is a number here, unlike that of a VM. */
const shown = (key: string, value: string): string | number =>
  (declarationOf(CONTAINER_OPTIONS, key)?.type ?? 'string') === 'string' ? value : Number(value)

export const containerConfig = (container: Vm): Json => ({
  ...Object.fromEntries([...container.config].map(([key, value]) => [key, shown(key, value)])),
  digest: digestOf(container),
})

export const containerPending = (container: Vm): Json[] => [
  ...[...container.config].map(([key, value]) => ({ key, value: shown(key, value) })),
  { key: 'digest', value: digestOf(container) },
]

export function containerRow(world: World, container: Vm): Json {
  const { config, running } = container
  const bytes = (key: string): number => Number(config.get(key) ?? 512) * MIB
  const tags = config.get('tags')
  const lock = config.get('lock')
  return {
    vmid: container.vmid,
    type: 'lxc',
    name: config.get('hostname') ?? config.get('name') ?? `CT${container.vmid}`,
    status: running ? 'running' : 'stopped',
    cpu: 0,
    cpus: Number(config.get('cores') ?? 1),
    mem: running ? Math.round(bytes('memory') / 8) : 0,
    maxmem: bytes('memory'),
    swap: 0,
    maxswap: bytes('swap'),
    disk: 0,
    maxdisk: parseSize(/size=([^,]+)/.exec(config.get('rootfs') ?? '')?.[1] ?? '4G'),
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    uptime: running ? Math.floor(((world.time.now() - running.sinceMs) * world.time.rate) / 1000) : 0,
    ...(running ? { pid: running.pid } : {}),
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
  }
}

export const containerStatus = (world: World, container: Vm): Json => ({
  ...containerRow(world, container),
  ha: { managed: world.cluster.ha.manages(container.vmid) ? 1 : 0 },
})

/** Null for a container that is off or not there. */
export function interfacesOf(container: Vm | undefined): unknown {
  if (!container?.running || container.kind !== 'lxc') return null
  return [...container.config]
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([, value]) => {
      const nic = readProperties(containerNicFormat, value)
      const ip = nic?.get('ip')
      const [address = '', prefix = ''] = ip?.split('/') ?? []
      return {
        name: nic?.get('name') ?? 'eth0',
        hwaddr: nic?.get('hwaddr')?.toLowerCase() ?? '',
        'hardware-address': nic?.get('hwaddr')?.toLowerCase() ?? '',
        ...(address === '' || ip === 'dhcp' ? {} : { inet: ip }),
        'ip-addresses':
          address === '' || ip === 'dhcp' ? [] : [{ 'ip-address': address, prefix, 'ip-address-type': 'inet' }],
      }
    })
}
