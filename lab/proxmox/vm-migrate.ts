import { LOCK_WAIT_MS } from './config-locks.ts'
import { importMs, MIGRATE_MS } from './durations.ts'
import { badParameters, failed } from './failure.ts'
import { readProperties, writeProperties } from './property-string.ts'
import { newDisk } from './storages.ts'
import { driveFormatOf, drivesOf, isCdRom, isCloudInit, nicsOf, type Vm } from './vm.ts'
import { withLock } from './vm-snapshot.ts'
import { epochSeconds, traced, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'

export interface Migration {
  readonly target: string
  readonly online: boolean
  readonly withLocalDisks: boolean
  readonly targetStorage: string | undefined
}

/** Moves a guest to another host of the cluster. Local disks are copied; what cannot be moved ends the task. */
export function migrateVm(world: World, who: Identity, vmid: number, how: Migration): string {
  if (how.target === world.node) throw badParameters({ target: 'target is local node.' })
  const target = world.cluster.findWorld(how.target)
  if (!target) throw failed(`no such cluster node '${how.target}'`)
  const vm = world.vms.get(vmid)
  if (vm.running && !how.online) throw badParameters({ online: 'target VM is running, set online to migrate it' })
  const lock = vm.config.get('lock')
  if (lock !== undefined) throw failed(`VM is locked (${lock})`)
  return world.tasks.start('qmigrate', String(vmid), who, (worker) =>
    traced(world, 'vm.migrate', String(vmid), () =>
      world.locks.with(vmid, LOCK_WAIT_MS, () => carryOver(world, target, worker, vm, how)),
    ),
  )
}

async function carryOver(world: World, target: World, worker: Worker, vm: Vm, how: Migration): Promise<void> {
  worker.log(`starting migration of VM ${vm.vmid} to node '${target.node}' (${target.options.lanAddress})`)
  if (!target.line.online)
    throw failed(`migration aborted: can't connect to ${target.options.lanAddress}: No route to host`)
  const obstacle = obstacles(world, vm, how)[0]
  if (obstacle !== undefined) throw failed(`migration aborted: ${obstacle}`)
  const missing = nicsOf(vm.config).find(({ bridge }) => !target.bridges.some(({ name }) => name === bridge))
  if (vm.running && missing) throw failed(`migration aborted: bridge '${missing.bridge ?? ''}' does not exist`)
  await withLock(vm, 'migrate', async () => {
    await worker.busy(MIGRATE_MS)
    const bytes = localDisks(world, vm).reduce((sum, { usedBytes }) => sum + usedBytes, 0)
    if (bytes > 0) await worker.busy(importMs(bytes, 1))
  })
  moveGuest(world, target, vm, how.targetStorage)
  worker.log('migration finished successfully')
}

const volumesOf = (world: World, vm: Vm) =>
  drivesOf(vm.config).flatMap(([key, drive]) => {
    const volume = world.storages.findVolume(drive.get('file') ?? '')
    return volume ? [{ key, drive, volume }] : []
  })

const localDisks = (world: World, vm: Vm) =>
  volumesOf(world, vm)
    .filter(({ volume }) => world.storages.find(volume.storage)?.shared !== true)
    .map(({ volume }) => volume)

/** What keeps a guest on its host, in words. */
function obstacles(world: World, vm: Vm, how: Migration): string[] {
  const found: string[] = []
  const passed = [...vm.config.keys()].filter((key) => /^hostpci\d/.test(key))
  if (passed.length > 0 && vm.running)
    found.push(`can't migrate running VM which uses local devices: ${passed.join(', ')}`)
  for (const { key, drive, volume } of volumesOf(world, vm)) {
    if (world.storages.find(volume.storage)?.shared === true || isCloudInit(volume.volid)) continue
    if (isCdRom(drive)) found.push(`can't migrate local cdrom drive '${volume.volid}' (${key})`)
    else if (vm.running && !how.withLocalDisks)
      found.push(`can't live migrate attached local disks without with-local-disks option`)
  }
  return found
}

/** `GET …/migrate`: where the guest could go. */
export function migrationOutlook(world: World, vm: Vm): Record<string, unknown> {
  const others = world.cluster.worlds.filter((each) => each !== world)
  const resources = [...vm.config.keys()].filter((key) => /^hostpci\d/.test(key))
  return {
    running: vm.running ? 1 : 0,
    allowed_nodes: vm.running ? [] : others.filter(({ line }) => line.online).map(({ node }) => node),
    not_allowed_nodes: {},
    local_disks: volumesOf(world, vm)
      .filter(({ volume }) => world.storages.find(volume.storage)?.shared !== true)
      .map(({ key, drive, volume }) => ({
        volid: volume.volid,
        drivename: key,
        size: volume.sizeBytes,
        cdrom: isCdRom(drive) ? 1 : 0,
        is_cloudinit: isCloudInit(volume.volid) ? 1 : 0,
        is_attached: key.startsWith('unused') ? 0 : 1,
        is_unused: key.startsWith('unused') ? 1 : 0,
        is_tpmstate: key.startsWith('tpmstate') ? 1 : 0,
        is_vmstate: 0,
        replicate: 1,
        shared: 0,
      })),
    local_resources: resources,
    'mapped-resources': resources,
    'mapped-resource-info': {},
    'has-dbus-vmstate': 1,
  }
}

/**
 * The guest with its local disks is on another host from now on, as after a migration or when high availability
 * recovered it, which leaves local disks behind. It goes on running if it ran; rights and pool stay, they belong to the cluster.
 */
export function moveGuest(
  from: World,
  to: World,
  vm: Vm,
  targetStorage?: string,
  disks: 'all' | 'shared-only' = 'all',
): void {
  for (const { key, drive, volume } of volumesOf(from, vm)) {
    const source = from.storages.get(volume.storage)
    if (disks === 'shared-only' || (source.shared && to.storages.find(volume.storage))) continue
    const wanted = targetStorage === undefined || targetStorage === '1' ? volume.storage : targetStorage
    const storage = to.storages.find(wanted) ?? to.storages.all().find(({ content }) => content.includes('images'))
    if (!storage) throw failed(`storage '${volume.storage}' is not available on node '${to.node}'`)
    const copy = newDisk(storage, vm.vmid, {
      suffix: isCloudInit(volume.volid) ? 'cloudinit' : 'disk',
      format: volume.format === 'raw' ? 'raw' : 'qcow2',
      sizeBytes: volume.sizeBytes,
      usedBytes: volume.usedBytes,
      image: volume.image,
      at: epochSeconds(to),
      // It is the same disk to whoever runs in the guest.
      id: volume.id,
    })
    from.storages.remove(volume.volid)
    const rest = new Map([...drive].filter(([name]) => name !== 'file'))
    const text = readProperties(driveFormatOf(key), vm.config.get(key) ?? '')
      ? writeProperties(copy.volid, rest)
      : copy.volid
    vm.config.set(key, text)
  }
  from.vms.remove(vm.vmid)
  to.vms.add(vm)
}
