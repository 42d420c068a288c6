import { err, ok, type Result } from '#core/base/result.ts'
import * as behindTheBack from '#lab/proxmox/behind-the-back.ts'
import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import type { FaultOf } from './requests.ts'

/** What somebody else does to a guest. */
export async function troubleGuest(
  hypervisors: readonly ProxmoxHost[],
  fault: FaultOf<'guest'>,
): Promise<Result<undefined, string>> {
  const clusters = [...new Set(hypervisors.map(({ cluster }) => cluster))]
  const found = clusters.map((cluster) => behindTheBack.findGuest(cluster, fault.guest)).find((each) => each)
  if (!found) return err(`no guest is called ${fault.guest}`)
  switch (fault.kind) {
    case 'guest.move':
      return behindTheBack.moveBehindTheBack(found, fault.host)
        ? ok(undefined)
        : err(`no host of the guest's cluster is called ${fault.host}`)
    case 'guest.vanish':
      await behindTheBack.vanish(found)
      return ok(undefined)
    case 'guest.recycle':
      await behindTheBack.recycleId(found, fault.name)
      return ok(undefined)
    case 'guest.restore-beside':
      if (found.world.cluster.findGuest(fault.vmid)) return err(`the id ${fault.vmid} is taken`)
      behindTheBack.restoreBeside(found, fault.vmid)
      return ok(undefined)
    case 'guest.edit':
      behindTheBack.edit(found, fault.set)
      return ok(undefined)
    case 'guest.lock':
      behindTheBack.lockConfig(found, fault.lock)
      return ok(undefined)
  }
}
