import type { TalosNode } from './node.ts'

/** The volumes of a node: partitions of its disk, where they are mounted, and how full they are. */
export interface Volume {
  readonly label: 'EFI' | 'META' | 'STATE' | 'EPHEMERAL'
  readonly partition: number
  readonly sizeMiB: number
  readonly filesystem: string
  readonly target: string
}
export interface Mount {
  readonly source: string
  readonly target: string
  readonly filesystem: string
  readonly sizeMiB: number
  readonly availableMiB: number
}

const EFI_MIB = 2_048
const META_MIB = 1
const STATE_MIB = 100
/** What images and logs take on a young node. */
const EPHEMERAL_USED_MIB = 2_600

export function volumesOf(node: TalosNode): readonly Volume[] {
  const { disk } = node.hardware
  if (!disk?.image) return []
  const ephemeral = disk.sizeGiB * 1024 - EFI_MIB - META_MIB - STATE_MIB - 3
  return [
    { label: 'EFI', partition: 1, sizeMiB: EFI_MIB, filesystem: 'vfat', target: '' },
    { label: 'META', partition: 2, sizeMiB: META_MIB, filesystem: '', target: '' },
    { label: 'STATE', partition: 3, sizeMiB: STATE_MIB, filesystem: 'xfs', target: '/system/state' },
    { label: 'EPHEMERAL', partition: 4, sizeMiB: ephemeral, filesystem: 'xfs', target: '/var' },
  ]
}

/** What is mounted; the partitions only once there is a configuration. */
export function mountsOf(node: TalosNode): readonly Mount[] {
  const memory = node.hardware.memoryMiB
  const mount = (source: string, target: string, filesystem: string, sizeMiB: number, usedMiB: number): Mount => ({
    source,
    target,
    filesystem,
    sizeMiB: Math.round(sizeMiB),
    availableMiB: Math.max(0, Math.round(sizeMiB - usedMiB)),
  })
  const volumes = node.config ? volumesOf(node).filter((volume) => volume.target !== '') : []
  return [
    mount('devtmpfs', '/dev', 'devtmpfs', memory / 2, 0),
    mount('tmpfs', '/run', 'tmpfs', memory / 2, 2),
    mount('tmpfs', '/system', 'tmpfs', memory / 2, 1),
    mount('tmpfs', '/tmp', 'tmpfs', 64, 0),
    mount('/dev/loop0', '/', 'squashfs', 82, 82),
    ...volumes.map((volume) =>
      mount(
        `/dev/sda${volume.partition}`,
        volume.target,
        volume.filesystem,
        volume.sizeMiB,
        volume.label === 'EPHEMERAL' ? EPHEMERAL_USED_MIB : 4,
      ),
    ),
  ]
}
