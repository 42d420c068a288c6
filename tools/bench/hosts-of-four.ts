import { mintMac, mintMachineId } from '#core/model/ids.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { schematicId, schematicOf } from '#core/talos/schematic.ts'
import type { LabSite } from '#lab/lab.ts'

/** One cluster of four hosts with storages of their own, and the machines that it is asked for. */
export const HOST_NAMES = ['pve-1', 'pve-2', 'pve-3', 'pve-4'] as const
export const CLUSTER_UID = '0000000000000000000a'
export const IMAGE_STORAGE = 'local'
const DISK_STORAGE = 'local-zfs'
const TALOS_VERSION = 'v1.13.9'
const FIRST_VMID = 5_000
const GIB = 1024 ** 3

export const FOUR_HOSTS: LabSite = {
  cluster: 'four',
  hosts: HOST_NAMES.map((hostName, index) => ({
    hostName,
    lanAddress: `192.168.1.${10 + index}`,
    threads: 64,
    memoryMiB: 256 * 1024,
    bridges: [{ name: 'vmbr0', port: 'eno1' }],
    storages: [
      { name: IMAGE_STORAGE, type: 'dir', content: ['iso', 'import'], totalBytes: 94 * GIB },
      { name: DISK_STORAGE, type: 'zfspool', content: ['images'], totalBytes: 4_000 * GIB },
    ],
  })),
}

export const imageWish = (host: string): OperationInput<'image.ensure'> => ({
  host,
  imageStorage: IMAGE_STORAGE,
  talosVersion: TALOS_VERSION,
  extensions: [],
  schematicId: schematicId(schematicOf([])),
})

/** Spread evenly, as placement does with equal machines on equal hosts. */
export function machineWish(index: number): OperationInput<'machine.create'> {
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? index : at))
  return {
    machineId: mintMachineId(bytes),
    name: `many-${index}`,
    host: HOST_NAMES[index % HOST_NAMES.length] ?? HOST_NAMES[0],
    vmid: FIRST_VMID + index,
    clusterUid: CLUSTER_UID,
    clusterName: 'many',
    talosVersion: TALOS_VERSION,
    schematicId: schematicId(schematicOf([])),
    guestAgent: false,
    hardware: {
      cpu: 4,
      cpuType: 'x86-64-v2-AES',
      numa: false,
      memoryMiB: 8 * 1024,
      firmware: 'ovmf',
      secureBoot: false,
      tpm: false,
      scsiController: 'virtio-scsi-pci',
      disks: [
        {
          name: 'talos-system',
          storage: DISK_STORAGE,
          sizeGiB: 40,
          cache: 'none',
          ssd: true,
          discard: true,
          iothread: false,
          backup: true,
        },
      ],
      nics: [
        {
          network: 'lan',
          bridge: 'vmbr0',
          firewall: false,
          hostTunnel: false,
          mac: mintMac(bytes),
          addressCidr: `192.168.1.${100 + index}/24`,
          gateway: '192.168.1.1',
        },
      ],
      devices: [],
      onboot: true,
      protection: false,
      tags: [],
    },
    boot: { by: 'image', imageStorage: IMAGE_STORAGE },
    addressing: 'cloud-init',
    nameservers: ['192.168.1.1'],
  }
}
