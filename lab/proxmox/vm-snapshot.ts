import { LOCK_WAIT_MS } from './config-locks.ts'
import { SNAPSHOT_MS } from './durations.ts'
import { failed } from './failure.ts'
import { holdsFiles } from './storages.ts'
import { bringUp, takeDown } from './vm-power.ts'
import { digestOf, drivesOf, isCdRom, shown, type Snapshot, type Vm } from './vm.ts'
import { epochSeconds, type World } from './world.ts'
import type { Identity } from './access.ts'
import type { Worker } from './tasks.ts'

/**
 * Snapshots keep the configuration as it was; nothing in a lab looks at the bytes of a disk, so those are not copied.
 * Nearly every refusal is the end of the task.
 */
const RESERVED = 'current'

export function takeSnapshot(
  world: World,
  who: Identity,
  vmid: number,
  wanted: { readonly name: string; readonly description: string | undefined; readonly withMemory: boolean },
): string {
  if (wanted.name === RESERVED) throw failed(`unable to use snapshot name '${RESERVED}' (reserved name)`)
  return task(world, who, vmid, 'qmsnapshot', async (worker, vm) => {
    if (vm.snapshots.has(wanted.name)) throw failed(`snapshot name '${wanted.name}' already used`)
    if (!canSnapshot(world, vm)) throw failed('snapshot feature is not available')
    if (wanted.withMemory && [...vm.config.keys()].some((key) => /^hostpci\d/.test(key)))
      throw failed('Cannot snapshot with RAM: PCI devices are passed through')
    await withLock(vm, 'snapshot', async () => {
      for (const [key, drive] of drivesOf(vm.config))
        if (!isCdRom(drive)) worker.log(`snapshotting 'drive-${key}' (${drive.get('file') ?? ''})`)
      await worker.busy(SNAPSHOT_MS)
    })
    vm.snapshots.set(wanted.name, {
      name: wanted.name,
      description: wanted.description,
      at: epochSeconds(world),
      parent: vm.parent,
      withMemory: wanted.withMemory && vm.running !== undefined,
      config: new Map(vm.config),
    })
    vm.parent = wanted.name
  })
}

export function rollBack(world: World, who: Identity, vmid: number, name: string, start: boolean): string {
  return task(world, who, vmid, 'qmrollback', async (worker, vm) => {
    const snapshot = vm.snapshots.get(name)
    if (!snapshot) throw failed(`snapshot '${name}' does not exist`)
    if (vm.running) await takeDown(world, vm, 'stop')
    await withLock(vm, 'rollback', () => worker.busy(SNAPSHOT_MS))
    vm.config.clear()
    for (const [key, value] of snapshot.config) vm.config.set(key, value)
    vm.pending.clear()
    vm.pendingDelete.clear()
    vm.parent = name
    if (start || snapshot.withMemory) await bringUp(world, worker, vm)
  })
}

export function deleteSnapshot(world: World, who: Identity, vmid: number, name: string): string {
  return task(world, who, vmid, 'qmdelsnapshot', async (worker, vm) => {
    const snapshot = vm.snapshots.get(name)
    if (!snapshot) throw failed(`snapshot '${name}' does not exist`)
    await withLock(vm, 'snapshot-delete', () => worker.busy(SNAPSHOT_MS))
    vm.snapshots.delete(name)
    if (vm.parent === name) vm.parent = snapshot.parent
  })
}

/** `GET …/snapshot`: all of them, and where the guest is now. */
export function snapshotRows(vm: Vm): Record<string, unknown>[] {
  const rows = [...vm.snapshots.values()].map((snapshot) => ({
    name: snapshot.name,
    description: snapshot.description ?? '',
    snaptime: snapshot.at,
    vmstate: snapshot.withMemory ? 1 : 0,
    ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
  }))
  const now = {
    name: RESERVED,
    description: 'You are here!',
    digest: digestOf(vm),
    running: vm.running ? 1 : 0,
    ...(vm.parent === undefined ? {} : { parent: vm.parent }),
  }
  return [...rows, now]
}

export function getSnapshot(vm: Vm, name: string): Snapshot {
  const snapshot = vm.snapshots.get(name)
  if (!snapshot) throw failed(`snapshot '${name}' does not exist`)
  return snapshot
}

export const snapshotConfig = (snapshot: Snapshot): Record<string, unknown> => ({
  ...Object.fromEntries([...snapshot.config].map(([key, value]) => [key, shown(key, value)])),
  snaptime: snapshot.at,
  ...(snapshot.description === undefined ? {} : { description: snapshot.description }),
})

/** Raw files cannot; pools can, and so can qcow2. */
export const canSnapshot = (world: World, vm: Vm): boolean =>
  drivesOf(vm.config).every(([, drive]) => {
    if (isCdRom(drive)) return true
    const volume = world.storages.findVolume(drive.get('file') ?? '')
    const storage = volume && world.storages.find(volume.storage)
    return !storage || !holdsFiles(storage.type) || volume?.format === 'qcow2'
  })

function task(
  world: World,
  who: Identity,
  vmid: number,
  type: string,
  work: (worker: Worker, vm: Vm) => Promise<void>,
): string {
  return world.tasks.start(type, String(vmid), who, (worker) =>
    world.locks.with(
      vmid,
      LOCK_WAIT_MS,
      () => {
        const vm = world.vms.get(vmid)
        const lock = vm.config.get('lock')
        if (lock !== undefined) throw failed(`VM is locked (${lock})`)
        return work(worker, vm)
      },
      () => worker.log('trying to acquire lock...'),
    ),
  )
}

/** Long work shows itself in the configuration, so that others keep away even without the file lock. */
export async function withLock(vm: Vm, lock: string, work: () => Promise<void>): Promise<void> {
  vm.config.set('lock', lock)
  try {
    await work()
  } finally {
    vm.config.delete('lock')
  }
}
