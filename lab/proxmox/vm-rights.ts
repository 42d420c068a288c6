import { splitList } from './formats.ts'
import { failed, forbidden } from './failure.ts'
import { mappingOf } from './passthrough.ts'
import { isCdRom, isCloudInit, isDrive } from './vm.ts'
import type { Identity } from './access.ts'
import type { World } from './world.ts'

/**
 * Which privilege each option of a VM's configuration needs, at create (rights may come from the pool) and at change.
 * Source: the privileges documented for POST /nodes/{node}/qemu, each confirmed by leaving it out on 9.2.11.
 */
const PRIVILEGE_OF: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  (
    [
      ['cores cpu cpulimit cpuunits numa smp sockets vcpus', ['VM.Config.CPU']],
      ['memory balloon shares allow-ksm', ['VM.Config.Memory']],
      [
        'acpi audio0 hotplug kvm machine scsihw smbios1 tablet vga watchdog arch vmgenid ivshmem rng0 amd-sev intel-tdx',
        ['VM.Config.HWType'],
      ],
      [
        'agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection reboot spice_enhancements startdate startup tdf template hookscript',
        ['VM.Config.Options'],
      ],
      ['boot bootdisk vmstatestorage', ['VM.Config.Disk']],
      ['freeze', ['VM.PowerMgmt']],
      [
        'cicustom cipassword citype ciupgrade ciuser nameserver searchdomain sshkeys',
        ['VM.Config.Cloudinit', 'VM.Config.Network'],
      ],
    ] as const
  ).flatMap(([keys, privileges]) => keys.split(' ').map((key) => [key, privileges])),
)

/** Parameters of the calls that are no options. */
const NOT_OPTIONS = new Set(
  'node vmid pool start storage ha-managed digest delete revert skiplock force background_delay tags archive bwlimit live-restore unique import-working-storage'.split(
    ' ',
  ),
)

function privilegeOf(key: string): readonly string[] | undefined {
  if (/^net\d+$/.test(key)) return ['VM.Config.Network']
  if (/^ipconfig\d+$/.test(key)) return ['VM.Config.Cloudinit', 'VM.Config.Network']
  if (/^numa\d+$/.test(key)) return ['VM.Config.CPU']
  if (/^(serial|usb|hostpci|parallel|virtiofs)\d+$/.test(key)) return ['VM.Config.HWType']
  return PRIVILEGE_OF[key]
}

/** Throws what the first option meets that the caller may not set. */
export function checkOptionRights(
  world: World,
  who: Identity,
  vmid: number,
  pool: string | undefined,
  options: ReadonlyMap<string, string>,
): void {
  for (const [key, value] of options) {
    if (NOT_OPTIONS.has(key) || isDrive(key)) continue
    checkRootOnly(who, key, value)
    const privileges = privilegeOf(key)
    if (privileges) world.access.checkVm(who, vmid, pool, privileges)
    if (key === 'startup') world.access.check(who, '/', 'Sys.Modify')
    if (key === 'rng0' && value.includes('/dev/hwrng')) world.access.check(who, '/mapping/hwrng', 'Mapping.Use')
    if (/^net\d+$/.test(key)) checkBridge(world, who, value)
    const mapping = /^hostpci\d+$/.test(key) ? mappingOf(value) : undefined
    if (mapping !== undefined) world.access.check(who, `/mapping/pci/${mapping}`, 'Mapping.Use')
  }
}

function checkRootOnly(who: Identity, key: string, value: string): void {
  if (who.user === 'root@pam' && who.token === undefined) return
  if (/^serial\d+$/.test(key) && value !== 'socket' && value !== '')
    throw failed(`only root can set '${key}' config for real devices`)
  if (/^hostpci\d+$/.test(key) && value !== '' && !value.includes('mapping='))
    throw failed(`only root can set '${key}' config for non-mapped devices`)
  if (['args', 'lock', 'hugepages', 'affinity', 'arch', 'hookscript', 'keephugepages'].includes(key))
    throw failed(`only root can set '${key}' config`)
}

function checkBridge(world: World, who: Identity, nic: string): void {
  const bridge = /(?:^|,)bridge=([^,]+)/.exec(nic)?.[1]
  if (bridge === undefined || who.user === 'root@pam') return
  const tag = /(?:^|,)tag=(\d+)/.exec(nic)?.[1]
  const path = `/sdn/zones/localnetwork/${bridge}`
  world.access.check(who, tag === undefined ? path : `${path}/${tag}`, 'SDN.Use')
}

/** Rights for changing or removing a drive of an existing guest. */
export function checkDriveRights(world: World, who: Identity, vmid: number, drive: ReadonlyMap<string, string>): void {
  const path = `/vms/${vmid}`
  if (isCloudInit(drive.get('file') ?? '')) world.access.check(who, path, 'VM.Config.Cloudinit')
  world.access.check(who, path, isCdRom(drive) ? 'VM.Config.CDROM' : 'VM.Config.Disk')
}

/** Newer releases check tags on the guest's own path, whatever pool it is being made in. */
export function checkTagRights(world: World, who: Identity, vmid: number, pool?: string): void {
  world.access.checkVm(who, vmid, pool, ['VM.Config.Options'])
}

/** Lower case, each once, sorted, joined by semicolons. */
export const normaliseTags = (tags: string): string =>
  [...new Set(splitList(tags).map((tag) => tag.toLowerCase()))].sort().join(';')

/** Rights for making a guest at all: on its id, or on the pool that it is made in. */
export function checkMayCreate(world: World, who: Identity, vmid: number, pool: string | undefined): void {
  if (pool !== undefined && !world.access.pools.has(pool)) throw forbidden(`pool '${pool}' does not exist`)
  if (world.access.may(who, `/vms/${vmid}`, 'VM.Allocate')) return
  if (pool !== undefined && world.access.may(who, `/pool/${pool}`, 'VM.Allocate')) return
  throw forbidden()
}
