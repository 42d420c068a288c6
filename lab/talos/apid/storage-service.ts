import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { Disk_DiskType, StorageService } from '../proto/storage_pb.js'

const GIB = 1024n ** 3n

/** The older list of disks, and wiping. */
export function storageService(router: ConnectRouter, node: TalosNode): void {
  router.service(StorageService, {
    disks() {
      const { disk } = node.hardware
      const disks = disk
        ? [
            {
              size: BigInt(disk.sizeGiB) * GIB,
              model: 'QEMU HARDDISK',
              deviceName: '/dev/sda',
              serial: 'drive-scsi0',
              type: Disk_DiskType.SSD,
              busPath: '/pci0000:00/0000:00:05.0/virtio2/host6/target6:0:0/6:0:0:0/',
              systemDisk: true,
              subsystem: '/sys/class/block',
            },
          ]
        : []
      return { messages: [{ disks }] }
    },
    blockDeviceWipe({ devices }) {
      // A guest of the lab has one disk, and Talos runs from it.
      for (const { device } of devices)
        throw device === 'sda'
          ? new ConnectError(`blockdevice "${device}" is in use by disk "/dev/sda"`, Code.FailedPrecondition)
          : /^sda[1-4]$/.test(device)
            ? new ConnectError(`blockdevice "${device}" is in use by volume`, Code.FailedPrecondition)
            : new ConnectError(`blockdevice "${device}" not found`, Code.NotFound)
      return { messages: [{}] }
    },
  })
}
