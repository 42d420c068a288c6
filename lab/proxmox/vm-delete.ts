import { LOCK_WAIT_MS } from './config-locks.ts'
import { DELETE_MS } from './durations.ts'
import { failed } from './failure.ts'
import { drivesOf, type Vm } from './vm.ts'
import { traced, type World } from './world.ts'
import type { Identity } from './access.ts'

export interface Removal {
  readonly purge: boolean
  readonly unreferencedDisks: boolean
}

/** Deletes a guest that is off, with its disks. A disk that nobody refers to stays unless asked for. */
export function deleteVm(world: World, who: Identity, vmid: number, removal: Removal): string {
  const vm = world.vms.get(vmid)
  refuse(vm)
  if (world.cluster.ha.manages(vmid) && !removal.purge)
    throw failed(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`)
  return world.tasks.start('qmdestroy', String(vmid), who, (worker) =>
    traced(world, 'vm.delete', String(vmid), () =>
      world.locks.with(
        vmid,
        LOCK_WAIT_MS,
        async () => {
          const still = world.vms.get(vmid)
          refuse(still)
          const lock = still.config.get('lock')
          if (lock !== undefined) throw failed(`VM is locked (${lock})`)
          if (removal.purge) worker.log(`purging VM ${vmid} from related configurations..`)
          refuseBases(world, still)
          await worker.busy(DELETE_MS)
          freeVolumes(world, still, removal.unreferencedDisks)
          for (const pool of world.access.pools.values()) pool.vms.delete(vmid)
          world.vms.remove(vmid)
          world.cluster.ha.resources.delete(`vm:${vmid}`)
        },
        () => worker.log('trying to acquire lock...'),
      ),
    ),
  )
}

function refuse(vm: Vm): void {
  if (vm.config.get('protection') === '1') throw failed(`can't remove VM ${vm.vmid} - protection mode enabled`)
  if (vm.running) throw failed(`VM ${vm.vmid} is running - destroy failed`)
}

/** A template stays while guests are built on its disks. */
function refuseBases(world: World, vm: Vm): void {
  const volumes = world.storages.all().flatMap((storage) => [...storage.volumes.values()])
  for (const { volid } of world.storages.volumesOf(vm.vmid))
    if (volumes.some(({ base }) => base === volid))
      throw failed(`base volume '${volid}' is still in use by linked cloned`)
}

function freeVolumes(world: World, vm: Vm, unreferenced: boolean): void {
  const owned = world.storages.volumesOf(vm.vmid)
  const named = new Set(drivesOf(vm.config).map(([, drive]) => drive.get('file')))
  for (const volume of owned) {
    if (!unreferenced && !named.has(volume.volid)) continue
    world.storages.remove(volume.volid)
    world.guests.eraseDisk(volume.id)
  }
}
