import type { DiskShape, Hardware, NicShape } from '#core/model/hardware.ts'

/** Hardware of one disk and one NIC; a test names what matters. */
export const aDiskShape = (changed: Partial<DiskShape> = {}): DiskShape => ({
  name: 'talos-system',
  storage: 'local-zfs',
  sizeGiB: 40,
  cache: 'none',
  ssd: true,
  discard: true,
  iothread: false,
  backup: true,
  ...changed,
})

export const aNicShape = (changed: Partial<NicShape> = {}): NicShape => ({
  network: 'lan',
  bridge: 'vmbr0',
  firewall: false,
  hostTunnel: false,
  mac: '02:54:41:00:00:01',
  addressCidr: '192.168.1.51/24',
  gateway: '192.168.1.1',
  ...changed,
})

export const aHardware = (changed: Partial<Hardware> = {}): Hardware => ({
  cpu: 4,
  cpuType: 'x86-64-v2-AES',
  numa: false,
  memoryMiB: 8192,
  firmware: 'ovmf',
  secureBoot: false,
  tpm: false,
  scsiController: 'virtio-scsi-pci',
  disks: [aDiskShape()],
  nics: [aNicShape()],
  devices: [],
  onboot: true,
  protection: false,
  tags: [],
  ...changed,
})
