import { volumesOf } from '../mounts.ts'
import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { binaryVolume } from './binary.ts'
import { draft } from './draft.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** The machine as its firmware and its kernel describe it, and the volumes on its disk. */
export function hardwareResources(node: TalosNode): readonly CosiDraft[] {
  const { hardware } = node
  const drafts = [
    draft('SystemInformations', 'systeminformation', {
      manufacturer: 'QEMU',
      productName: 'Standard PC (Q35 + ICH9, 2009)',
      version: 'pc-q35-10.1',
      uuid: node.uuid,
      wakeUpType: 'Power Switch',
    }),
    draft('Processors', 'CPU-0', {
      socket: 'CPU 0',
      manufacturer: 'QEMU',
      productName: 'pc-q35-10.1',
      maxSpeedMhz: 2000,
      bootSpeedMhz: 2000,
      status: 65,
      coreCount: hardware.cores,
      coreEnabled: hardware.cores,
      threadCount: hardware.cores,
    }),
    draft('MemoryModules', 'DIMM-0', { sizeMiB: hardware.memoryMiB, deviceLocator: 'DIMM 0', manufacturer: 'QEMU' }),
    draft('PCIDevices', '0000:00:05.0', {
      class: 'Mass storage controller',
      subclass: 'SCSI storage controller',
      vendor: 'Red Hat, Inc.',
      product: 'Virtio SCSI',
      class_id: '0x01',
      subclass_id: '0x00',
      vendor_id: '0x1af4',
      product_id: '0x1004',
      driver: 'virtio-pci',
    }),
    ...hardware.nics.map((_, index) =>
      draft('PCIDevices', `0000:06:${(0x12 + index).toString(16)}.0`, {
        class: 'Network controller',
        subclass: 'Ethernet controller',
        vendor: 'Red Hat, Inc.',
        product: 'Virtio network device',
        class_id: '0x02',
        subclass_id: '0x00',
        vendor_id: '0x1af4',
        product_id: '0x1000',
        driver: 'virtio-pci',
      }),
    ),
  ]
  const { disk } = hardware
  if (!disk) return drafts
  const size = disk.sizeGiB * GIB
  return [
    ...drafts,
    draft('Disks', 'sda', {
      dev_path: '/dev/sda',
      size,
      pretty_size: prettySize(size),
      io_size: 512,
      sector_size: 512,
      readonly: false,
      cdrom: false,
      rotational: false,
      model: 'QEMU HARDDISK',
      serial: 'drive-scsi0',
      bus_path: '/pci0000:00/0000:00:05.0/virtio2/host6/target6:0:0/6:0:0:0',
      sub_system: '/sys/class/block',
      transport: 'virtio',
    }),
    draft('SystemDisks', 'system-disk', { diskID: 'sda', devPath: '/dev/sda' }),
    draft('BlockDevices', 'sda', { type: 'disk', devicePath: '/dev/sda', generation: 1 }),
    draft('DiscoveredVolumes', 'sda', {
      dev_path: '/dev/sda',
      type: 'disk',
      size,
      pretty_size: prettySize(size),
      name: 'gpt',
    }),
    ...volumesOf(node).flatMap((volume) => volumeDrafts(node, volume)),
  ]
}

function volumeDrafts(node: TalosNode, volume: ReturnType<typeof volumesOf>[number]): readonly CosiDraft[] {
  const id = `sda${volume.partition}`
  const size = volume.sizeMiB * MIB
  const discovered = [
    draft('BlockDevices', id, { type: 'partition', partitionName: volume.label, generation: 1, parent: 'sda' }),
    draft('DiscoveredVolumes', id, {
      dev_path: `/dev/${id}`,
      type: 'partition',
      parent: 'sda',
      parent_dev_path: '/dev/sda',
      size,
      pretty_size: prettySize(size),
      name: volume.filesystem,
      label: volume.filesystem === '' ? '' : volume.label,
      partition_label: volume.label,
      partition_index: volume.partition,
    }),
  ]
  if (volume.label === 'EFI' || !node.config) return discovered
  const location = `/dev/${id}`
  return [
    ...discovered,
    draft(
      'VolumeStatuses',
      volume.label,
      {
        phase: 'ready',
        type: 'partition',
        location,
        partitionIndex: volume.partition,
        parentLocation: '/dev/sda',
        size,
        prettySize: prettySize(size),
        filesystem: volume.filesystem === '' ? 'none' : volume.filesystem,
      },
      () => binaryVolume(location, BigInt(size), prettySize(size)),
    ),
  ]
}

/** As Talos prints sizes: powers of ten, two digits. */
function prettySize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[power] ?? ''}`
}
