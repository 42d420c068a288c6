import type { MachineAddressing, MachineBoot } from '../../provider.ts'
import type { Params } from '../http.ts'
import { SYSTEM_DISK } from './disks.ts'

/**
 * What lies in the drives of a machine when it first boots: the drive that tells it its addresses, and for an
 * installation from ISO the ISO. The disk comes first in the order: an empty one is passed over once, and afterwards the
 * machine never boots the ISO again, whether that was taken out or not.
 */
const ADDRESS_DRIVE = 'ide2'
export const INSTALL_DRIVE = 'ide0'

export function mediaParams(
  { boot, addressing }: { readonly boot: MachineBoot; readonly addressing: MachineAddressing },
  systemStorage: string,
): Params {
  return {
    boot: boot.by === 'iso' ? `order=${SYSTEM_DISK};${INSTALL_DRIVE}` : `order=${SYSTEM_DISK}`,
    ...(boot.by === 'iso' ? { [INSTALL_DRIVE]: `${boot.volumeId},media=cdrom` } : {}),
    // Both are labelled `cidata`, so there is only ever one of them. Proxmox writes its own anew at each start.
    [ADDRESS_DRIVE]: addressing.by === 'cidata' ? `${addressing.volumeId},media=cdrom` : `${systemStorage}:cloudinit`,
  }
}
