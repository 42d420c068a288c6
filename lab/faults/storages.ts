import { err, ok, type Result } from '#core/base/result.ts'
import { usedBytesOf } from '#lab/proxmox/storages.ts'
import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import type { FaultOf } from './requests.ts'

const MIB = 1024 ** 2

/** Trouble with a store, on one host or wherever it is. */
export function troubleStorage(
  hypervisors: readonly ProxmoxHost[],
  fault: FaultOf<'storage'>,
): Result<undefined, string> {
  const found = hypervisors
    .filter(({ node }) => fault.host === undefined || node === fault.host)
    .flatMap(({ world }) => {
      const storage = world.storages.find(fault.storage)
      return storage ? [{ world, storage }] : []
    })
  if (found.length === 0) return err(`no storage is called ${fault.storage}`)
  for (const { world, storage } of found) {
    switch (fault.kind) {
      case 'storage.slow':
        storage.slowMs = fault.ms
        break
      case 'storage.fill':
        storage.foreignBytes += storage.totalBytes - usedBytesOf(storage) - fault.freeMiB * MIB
        break
      case 'storage.offline':
        storage.active = !fault.offline
        break
      case 'storage.lock':
        // Held beside whatever else goes on; nobody waits for its end here.
        void world.storageLocks.with(storage.name, fault.ms, () => world.time.pass(fault.ms)).catch(() => undefined)
    }
  }
  return ok(undefined)
}
