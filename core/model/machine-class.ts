import { z } from 'zod'
import { Quantity, mebibytes } from './quantity.ts'

/** The hardware of a machine. Source of the minimum: Talos system requirements (2 GiB, 10 GiB disk). */
const MIN_MEMORY_MIB = 2048
const MIN_DISK_MIB = 10 * 1024

const atLeast = (mib: number, text: string) =>
  Quantity.refine(
    (quantity) => !/^\d+(Mi|Gi|Ti)$/.test(quantity) || mebibytes(quantity) >= mib,
    `Talos needs at least ${text}`,
  )

export const MachineClassSpec = z.strictObject({
  cpu: z.int().min(2).max(512),
  memory: atLeast(MIN_MEMORY_MIB, '2Gi'),
  /** One disk today; its size must be whole GiB, because Proxmox counts disks in GiB. */
  disks: z
    .array(
      z.strictObject({
        size: atLeast(MIN_DISK_MIB, '10Gi').refine(
          (quantity) => !/^\d+(Mi|Gi|Ti)$/.test(quantity) || mebibytes(quantity) % 1024 === 0,
          'must be whole GiB',
        ),
      }),
    )
    .length(1),
})
export type MachineClassSpec = z.infer<typeof MachineClassSpec>
