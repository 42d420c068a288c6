import { z } from 'zod'
import { DiskCache, Firmware, MappingName, MAX_DEVICES, MAX_DISKS, PoolName } from './hardware.ts'
import { Name } from './ids.ts'
import { Quantity, mebibytes } from './quantity.ts'

/**
 * What people want of a machine's hardware; core/plan/hardware.ts says what is not said here. Source of the minimum:
 * Talos system requirements (2 GiB, 10 GiB disk).
 */
const MIN_MEMORY_MIB = 2048
const MIN_SYSTEM_DISK_MIB = 10 * 1024
const MIN_DISK_MIB = 1024
/** Long enough for any sensible condition, short enough to be read in an error. */
export const MAX_EXPRESSION_CHARS = 512
const MAX_TAGS = 16
const MAX_PINS = 256

const isQuantity = (text: string): boolean => /^\d+(Mi|Gi|Ti)$/.test(text)
const atLeast = (mib: number, message: string) =>
  Quantity.refine((quantity) => !isQuantity(quantity) || mebibytes(quantity) >= mib, message)

/** In CEL; what it may speak of stands in core/placement/expressions.ts, which both doors check it against. */
const Expression = z.string().min(1).max(MAX_EXPRESSION_CHARS)

const Disk = z.strictObject({
  /** Also its serial, by which Talos and people tell it apart; the first one is `talos-system`. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,19}$/, 'must be at most 20 lower-case letters, digits and hyphens')
    .optional(),
  /** Whole GiB, because Proxmox counts disks in GiB. */
  size: atLeast(MIN_DISK_MIB, 'must be at least 1Gi').refine(
    (quantity) => !isQuantity(quantity) || mebibytes(quantity) % 1024 === 0,
    'must be whole GiB',
  ),
  /** Name of a storage, or which ones will do: `storage.type == "zfspool" && storage.freeGiB > 500`; that of the host by default. */
  storage: Expression.optional(),
  cache: DiskCache.optional(),
  ssd: z.boolean().optional(),
  discard: z.boolean().optional(),
  iothread: z.boolean().optional(),
  /** Whether backups by Proxmox take it along. */
  backup: z.boolean().optional(),
})

/** A tag as Proxmox takes it; it has no upper case, and a comma would be two. */
const Tag = z.string().regex(/^[a-z0-9_][a-z0-9_+.-]{0,62}$/, 'must be a tag like production')

export const MachineClassSpec = z
  .strictObject({
    cpu: z.int().min(2).max(512),
    /** A QEMU model such as `host`; one that a machine can be moved with, by default. */
    cpuType: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a CPU model like x86-64-v3 or host')
      .optional(),
    numa: z.boolean().optional(),
    memory: atLeast(MIN_MEMORY_MIB, 'Talos needs at least 2Gi'),
    firmware: Firmware.optional(),
    /** Boots only what is signed: an image that is, whose keys Talos puts into the firmware. */
    secureBoot: z.boolean().optional(),
    tpm: z.boolean().optional(),
    /** The first one is the system disk. */
    disks: z.array(Disk).min(1).max(MAX_DISKS),
    /** Resource mappings; only a host that has them all free takes the machine. */
    devices: z
      .array(z.strictObject({ mapping: MappingName, pcie: z.boolean().optional() }))
      .max(MAX_DEVICES)
      .optional(),
    /** Whether machines start with their host; they do by default. */
    onboot: z.boolean().optional(),
    /** Proxmox refuses to delete the machine; Lanline lifts it only to remove the machine itself. */
    protection: z.boolean().optional(),
    tags: z.array(Tag).max(MAX_TAGS).optional(),
    /** The Proxmox pool they become members of, in which the agent must have its rights; that of the agent by default. */
    pool: PoolName.optional(),
    /** Which hosts will do: `host.labels.rack == "a" && host.threads >= 16`. */
    where: Expression.optional(),
    /** Machine → the one host that it may be on. */
    pins: z
      .record(Name, Name)
      .refine((entries) => Object.keys(entries).length <= MAX_PINS, `at most ${MAX_PINS} pins`)
      .optional(),
  })
  .superRefine(({ disks, firmware, tpm, secureBoot }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const [system] = disks
    if (system && mebibytes(system.size) < MIN_SYSTEM_DISK_MIB)
      refuse(['disks', 0, 'size'], 'Talos needs at least 10Gi')
    const names = diskNames(disks)
    names.forEach((name, index) => {
      if (names.indexOf(name) < index) refuse(['disks', index, 'name'], `a second disk is called ${name}`)
    })
    if (secureBoot === true && firmware === 'seabios') refuse(['secureBoot'], 'secure boot needs the firmware ovmf')
    if (tpm === true && firmware === 'seabios') refuse(['tpm'], 'a TPM needs the firmware ovmf')
  })
export type MachineClassSpec = z.infer<typeof MachineClassSpec>

const SYSTEM_DISK = 'talos-system'

/** Every disk has a name, whether its owner gave it one or not. */
export const diskNames = (disks: readonly { readonly name?: string | undefined }[]): readonly string[] =>
  disks.map(({ name }, index) => name ?? (index === 0 ? SYSTEM_DISK : `data-${index}`))
