import { createHash } from 'node:crypto'
import { notConfigured } from './failure.ts'
import { declarationOf } from './parameter.ts'
import { readProperties, type PropertyFormat } from './property-string.ts'
import { parseSize } from './sizes.ts'
import { VM_OPTIONS } from './vm-parameters.ts'
import { agentFormat, driveFormat, efiFormat, nicFormat, smbiosFormat, tpmFormat } from './vm-formats.ts'

/** A guest's configuration file: what holds now, and what waits for the guest to be off. */
export interface Vm {
  readonly vmid: number
  readonly kind: 'qemu' | 'lxc'
  /** Made by somebody else, outside this lab's doings: nothing runs in it. */
  readonly foreign: boolean
  readonly config: Map<string, string>
  readonly pending: Map<string, string>
  readonly pendingDelete: Set<string>
  readonly snapshots: Map<string, Snapshot>
  /** The snapshot that the guest was at last. */
  parent?: string | undefined
  running: { readonly pid: number; readonly sinceMs: number } | undefined
  /** The guest stands still with its memory kept. */
  paused?: boolean
}

/** The configuration as it was. Disks are not copied: nothing in a lab looks at their bytes. */
export interface Snapshot {
  readonly name: string
  description: string | undefined
  /** Epoch seconds. */
  readonly at: number
  readonly parent: string | undefined
  readonly withMemory: boolean
  readonly config: ReadonlyMap<string, string>
}

export const newVm = (vmid: number, config: Iterable<readonly [string, string]>): Vm => ({
  vmid,
  kind: 'qemu',
  foreign: false,
  config: new Map(config),
  pending: new Map(),
  pendingDelete: new Set(),
  snapshots: new Map(),
  running: undefined,
})

/** The guests of one host, by id. */
export class Vms {
  readonly #vms = new Map<number, Vm>()
  readonly #node: string
  constructor(node: string) {
    this.#node = node
  }
  all(): Vm[] {
    return [...this.#vms.values()]
  }
  find(vmid: number): Vm | undefined {
    return this.#vms.get(vmid)
  }
  get(vmid: number): Vm {
    const vm = this.#vms.get(vmid)
    if (!vm || vm.kind !== 'qemu') throw notConfigured(this.#node, vmid)
    return vm
  }
  add(vm: Vm): void {
    this.#vms.set(vm.vmid, vm)
  }
  remove(vmid: number): void {
    this.#vms.delete(vmid)
  }
}

/** `current` is what the guest runs with, `wanted` what it will have after the next start. */
export function configOf(vm: Vm, which: 'current' | 'wanted'): Map<string, string> {
  const config = new Map(vm.config)
  if (which === 'current') return config
  for (const key of vm.pendingDelete) config.delete(key)
  for (const [key, value] of vm.pending) config.set(key, value)
  return config
}

/** SHA-1 over the file as it would be written; the pending part counts. */
export function digestOf(vm: Vm): string {
  const section = (config: ReadonlyMap<string, string>): string =>
    [...config]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}: ${encodeURIComponent(value)}\n`)
      .join('')
  const pending = vm.pendingDelete.size + vm.pending.size > 0
  const tail = pending ? `[PENDING]\ndelete: ${[...vm.pendingDelete].sort().join(',')}\n${section(vm.pending)}` : ''
  return createHash('sha1')
    .update(`${section(vm.config)}${tail}`)
    .digest('hex')
}

/** A value with the JSON type that the API shows it with: counts and switches are numbers, `memory` is text. */
export function shown(key: string, value: string): string | number {
  const type = declarationOf(VM_OPTIONS, key)?.type ?? 'string'
  return type === 'string' ? value : Number(value)
}

const DRIVE = /^(ide|sata|scsi|virtio|efidisk|tpmstate|unused)\d+$/

export const isDrive = (key: string): boolean => DRIVE.test(key)

export const driveFormatOf = (key: string): PropertyFormat => {
  if (key.startsWith('efidisk')) return efiFormat
  return key.startsWith('tpmstate') ? tpmFormat : driveFormat
}

/** The keys of a configuration that are drives, in the order in which the host makes them. */
export const drivesOf = (config: ReadonlyMap<string, string>): [string, Map<string, string>][] =>
  [...config]
    .filter(([key]) => isDrive(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, readProperties(driveFormatOf(key), value) ?? new Map([['file', value]])])

/** True for the small generated drive that carries the guest's address. */
export const isCloudInit = (file: string): boolean => /(^|[:/])(vm-\d+-)?cloudinit(\.\w+)?$/.test(file)

export const isCdRom = (drive: ReadonlyMap<string, string>): boolean =>
  drive.get('media') === 'cdrom' || drive.get('file') === 'none' || isCloudInit(drive.get('file') ?? '')

export interface Nic {
  readonly index: number
  readonly mac: string
  readonly bridge: string | undefined
  readonly vlan: number | undefined
}

export function nicsOf(config: ReadonlyMap<string, string>): Nic[] {
  return [...config].flatMap(([key, value]) => {
    const match = /^net(\d+)$/.exec(key)
    const nic = match ? readProperties(nicFormat, value) : undefined
    if (!match || !nic) return []
    const tag = nic.get('tag')
    return [
      {
        index: Number(match[1]),
        mac: nic.get('macaddr') ?? '',
        bridge: nic.get('bridge'),
        vlan: tag === undefined ? undefined : Number(tag),
      },
    ]
  })
}

export const uuidOf = (config: ReadonlyMap<string, string>): string =>
  (readProperties(smbiosFormat, config.get('smbios1') ?? '')?.get('uuid') ?? '').toLowerCase()

/** True when the host believes that an agent runs in the guest. */
export const agentEnabled = (config: ReadonlyMap<string, string>): boolean =>
  /^(1|on|yes|true)$/i.test(readProperties(agentFormat, config.get('agent') ?? '')?.get('enabled') ?? '')

export const memoryMiBOf = (config: ReadonlyMap<string, string>): number =>
  Number((config.get('memory') ?? '512').replace(/^current=/, ''))

export const coresOf = (config: ReadonlyMap<string, string>): number =>
  Number(config.get('cores') ?? 1) * Number(config.get('sockets') ?? 1)

/** Keys of the drives that the guest tries to boot from, in order. */
export const bootOrderOf = (config: ReadonlyMap<string, string>): string[] =>
  (/(?:^|,)order=([^,]*)/.exec(config.get('boot') ?? '')?.[1] ?? '').split(';').filter((device) => device !== '')

/** Size of the drive that the guest boots from, 0 without one. */
export function bootDiskBytesOf(config: ReadonlyMap<string, string>): number {
  const drives = new Map(drivesOf(config))
  const disk = bootOrderOf(config).find((device) => {
    const drive = drives.get(device)
    return drive !== undefined && !isCdRom(drive)
  })
  return disk === undefined ? 0 : parseSize(drives.get(disk)?.get('size') ?? '0')
}
