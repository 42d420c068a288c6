import type { Hardware } from '#core/model/hardware.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import type { NewMachine } from '#agent/providers/provider.ts'
import { creationParams } from '#agent/providers/proxmox/creation.ts'
import { aDiskShape, aHardware, aNicShape } from '#test/support/hardware.ts'
import { aCreation } from '#test/support/proxmox-site.ts'

/** The parameters that make a machine; a test names what of its hardware matters. */
export const params = (hardware: Partial<Hardware> = {}, changed: Partial<NewMachine> = {}, hostTunnelKnown = true) =>
  creationParams({ ...toNewMachine(aCreation({ hardware: aHardware(hardware) })), ...changed }, 'lanline', {
    hostTunnelKnown,
  })

export const ISO = { by: 'iso', volumeId: 'local:iso/talos.iso' } as const
export const CIDATA = { by: 'cidata', volumeId: 'local:iso/lanline-x-cidata.iso' } as const

/** Everything that hardware can say at once. */
export const FULL = aHardware({
  numa: true,
  cpuType: 'host',
  secureBoot: true,
  tpm: true,
  scsiController: 'virtio-scsi-single',
  disks: [
    aDiskShape({ iothread: true }),
    aDiskShape({
      name: 'data',
      storage: 'tank',
      sizeGiB: 500,
      cache: 'writeback',
      ssd: false,
      discard: false,
      backup: false,
    }),
  ],
  nics: [
    aNicShape({ vlan: 20, mtu: 9000, firewall: true }),
    aNicShape({
      network: 'storage',
      bridge: 'vmbr1',
      mac: '02:54:41:00:00:02',
      addressCidr: '10.0.0.5/24',
      gateway: undefined,
      hostTunnel: true,
    }),
    aNicShape({ network: 'guests', mac: '02:54:41:00:00:03', addressCidr: undefined, gateway: undefined }),
  ],
  devices: [
    { mapping: 'hba', pcie: true },
    { mapping: 'gpu', pcie: false },
  ],
  onboot: false,
})
