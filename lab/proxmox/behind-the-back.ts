import { randomUUID } from 'node:crypto'
import { moveGuest } from './vm-migrate.ts'
import { takeDown } from './vm-power.ts'
import { newVm, uuidOf, type Vm } from './vm.ts'
import type { Cluster } from './cluster.ts'
import type { World } from './world.ts'

/** What other people and the cluster itself do to guests while an agent looks elsewhere. */
export interface FoundGuest {
  readonly world: World
  readonly vm: Vm
}

/** By name, id or SMBIOS UUID. */
export const findGuest = (cluster: Cluster, guest: string): FoundGuest | undefined =>
  cluster
    .guests()
    .find(
      ({ vm }) =>
        [String(vm.vmid), vm.config.get('name'), vm.config.get('hostname')].includes(guest) ||
        uuidOf(vm.config) === guest.toLowerCase(),
    )

/** As after a migration that somebody else ordered. False when there is no such host. */
export function moveBehindTheBack({ world, vm }: FoundGuest, node: string): boolean {
  const target = world.cluster.findWorld(node)
  if (!target) return false
  if (target !== world) moveGuest(world, target, vm)
  return true
}

/** Somebody deleted the guest with its disks, and gave its id to another one of theirs. */
export async function recycleId({ world, vm }: FoundGuest, name: string): Promise<void> {
  await vanish({ world, vm })
  world.vms.add({
    ...newVm(vm.vmid, [
      ['name', name],
      ['cores', '1'],
      ['memory', '1024'],
      ['smbios1', `uuid=${randomUUID()}`],
      ['vmgenid', randomUUID()],
      ['boot', ' '],
    ]),
    foreign: true,
  })
}

/** Somebody deleted the guest with its disks. */
export async function vanish({ world, vm }: FoundGuest): Promise<void> {
  if (vm.running) await takeDown(world, vm, 'stop')
  for (const volume of world.storages.volumesOf(vm.vmid)) {
    world.storages.remove(volume.volid)
    world.guests.eraseDisk(volume.id)
  }
  for (const pool of world.access.pools.values()) pool.vms.delete(vm.vmid)
  world.vms.remove(vm.vmid)
}

/** A backup of the guest was restored beside it: another id, the same SMBIOS UUID. It stays off. */
export function restoreBeside({ world, vm }: FoundGuest, vmid: number): void {
  const config = new Map([...vm.config].filter(([key]) => !/^(scsi|virtio|sata|ide|efidisk|tpmstate)\d/.test(key)))
  world.vms.add({ ...newVm(vmid, config), foreign: true })
}

/** Somebody changed the configuration by hand; the digest is another one from now on. */
export function edit({ vm }: FoundGuest, changes: Readonly<Record<string, string | null>>): void {
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) vm.config.delete(key)
    else vm.config.set(key, value)
  }
}

/** A lock that a backup or a crash left behind; only root clears it. */
export function lockConfig({ vm }: FoundGuest, lock: string | null): void {
  if (lock === null) vm.config.delete('lock')
  else vm.config.set('lock', lock)
}
