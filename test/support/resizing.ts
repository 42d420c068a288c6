import type { Hardware } from '#core/model/hardware.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { aHardware } from './hardware.ts'
import { aCreation } from './proxmox-site.ts'

/** A change in place of the machine that `aCreation` makes; a test names what should be otherwise. */
export function aResize(
  hardware: Partial<Hardware> = {},
  changed: Partial<OperationInput<'machine.resize'>> = {},
): OperationInput<'machine.resize'> {
  const { machineId, name, host, vmid, clusterUid, clusterName, guestAgent } = aCreation()
  return {
    machineId,
    name,
    host,
    vmid,
    clusterUid,
    clusterName,
    guestAgent,
    hardware: aHardware(hardware),
    restart: 'if-needed',
    dropTags: [],
    role: 'controlplane',
    address: '192.168.1.51',
    peers: [],
    ...changed,
  }
}
