import type { Hardware } from '#core/model/hardware.ts'
import type { Params } from '../http.ts'
import { formatProperties } from '../parse.ts'

/**
 * What a machine boots with: firmware and its variables, a TPM when something is sealed with it, and the order in which
 * it tries its drives.
 *
 * Source: facts proxmox.md §1.7; Talos enrols its own keys where secure boot is wanted (talos#8131, #11010).
 */
export function firmwareParams(hardware: Hardware, systemStorage: string): Params {
  const { firmware, tpm } = hardware
  return {
    machine: 'q35',
    bios: firmware,
    // Without it boot variables are lost at every stop. Enrolled keys would refuse to boot any Talos, signed or not:
    // with secure boot the variables begin in setup mode and Talos puts its own keys in.
    efidisk0:
      firmware === 'ovmf'
        ? formatProperties(`${systemStorage}:1`, { efitype: '4m', 'pre-enrolled-keys': '0' })
        : undefined,
    tpmstate0: tpm ? formatProperties(`${systemStorage}:1`, { version: 'v2.0' }) : undefined,
  }
}
