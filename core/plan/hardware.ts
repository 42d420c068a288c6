import type { Hardware } from '../model/hardware.ts'
import type { Placement } from '../model/placement.ts'
import type { ClusterDocuments } from './documents.ts'
import { withPrefix } from './machines.ts'

/** Boots Talos on any host the machine may move to; the default of Proxmox lacks x86-64-v2 (talos#7202). */
const CPU_TYPE = 'x86-64-v2-AES'

/** The hardware of a placed machine, with nothing left to choose. */
export const hardwareFor = (placement: Placement, { cluster, network }: ClusterDocuments): Hardware => ({
  cpu: placement.cpu,
  cpuType: CPU_TYPE,
  numa: false,
  memoryMiB: placement.memoryMiB,
  firmware: 'ovmf',
  secureBoot: false,
  tpm: false,
  scsiController: 'virtio-scsi-pci',
  disks: [
    {
      name: 'talos-system',
      storage: placement.storage,
      sizeGiB: placement.diskGiB,
      cache: 'none',
      ssd: true,
      discard: true,
      iothread: false,
      backup: true,
    },
  ],
  nics: [
    {
      network: cluster.spec.nodeNetwork,
      bridge: placement.bridge,
      firewall: false,
      hostTunnel: false,
      mac: placement.mac,
      addressCidr: withPrefix(placement.address, network.spec.cidr),
      gateway: network.spec.gateway,
    },
  ],
  devices: [],
  onboot: true,
  protection: false,
  tags: [],
})
