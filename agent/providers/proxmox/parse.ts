/**
 * Lenient readers of what Proxmox answers: booleans are 0 or 1, numbers may be strings, absent keys mean the default,
 * and lists of settings are packed into one string. They read only the fields we use and never throw.
 */
export type Row = Readonly<Record<string, unknown>>

export const toRow = (value: unknown): Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : {}

export const toRows = (value: unknown): readonly Row[] => (Array.isArray(value) ? value.map(toRow) : [])

export function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}

export function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A count that is absent or odd reads as 0. */
export const toCount = (value: unknown): number => Math.max(0, Math.floor(toNumber(value) ?? 0))

/** `1`, `"1"` and `true` are true, everything else is not. */
export const toFlag = (value: unknown): boolean => value === true || toNumber(value) === 1

const MIB = 1024 * 1024

export const bytesToMiB = (value: unknown): number => Math.floor(toCount(value) / MIB)

/**
 * `virtio=02:00:…,bridge=vmbr0` → its settings. A first item without `=` is kept under `''`: the volume of a disk.
 */
export function parseProperties(text: string | undefined): Readonly<Record<string, string>> {
  const properties: Record<string, string> = {}
  for (const item of (text ?? '').split(',')) {
    const at = item.indexOf('=')
    if (at < 0) properties[''] ??= item
    else properties[item.slice(0, at).trim()] = item.slice(at + 1).trim()
  }
  return properties
}

/** Settings in the order given, without those that are undefined. Proxmox cannot escape a comma, so none may come in. */
export function formatProperties(
  first: string | undefined,
  properties: Readonly<Record<string, string | undefined>>,
): string {
  const rest = Object.entries(properties).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
  return [...(first === undefined ? [] : [first]), ...rest].join(',')
}

/** SMBIOS UUID of a guest's configuration, lower case; undefined while it is being made. */
export const uuidOf = (config: Row): string | undefined =>
  parseProperties(toText(config['smbios1']))['uuid']?.toLowerCase()

const NIC_KEY = /^net\d{1,2}$/
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i

/** MACs of all NICs of a VM (`virtio=MAC`) or a container (`hwaddr=MAC`), upper case, in the order of the NICs. */
export const macsOf = (config: Row): readonly string[] =>
  Object.keys(config)
    .filter((key) => NIC_KEY.test(key))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
    .flatMap((key) => Object.values(parseProperties(toText(config[key]))).find((value) => MAC.test(value)) ?? [])
    .map((mac) => mac.toUpperCase())

const GIB_PER_UNIT: Readonly<Record<string, number>> = { K: 1 / 1024 ** 2, M: 1 / 1024, G: 1, T: 1024 }

/** Size of a disk as its configuration tells it (`…,size=20G`), GiB, possibly a fraction. */
export function diskGiBOf(disk: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(parseProperties(disk)['size'] ?? '')
  if (!match) return undefined
  const unit = match[2] === '' ? 1 / 1024 ** 3 : (GIB_PER_UNIT[match[2] ?? ''] ?? 0)
  return Number(match[1]) * unit
}

/** Tags come split by any of these, and go back in sorted and joined by `;`. */
export const parseTags = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(/[;,\s]+/)
    .filter((tag) => tag !== '')
    .sort()

/** `9.2.11` → [9, 2, 11]. */
export const parseVersion = (text: string): readonly number[] => text.split('.').map((part) => toCount(part))

export const isAtLeast = (version: readonly number[], major: number, minor: number): boolean =>
  (version[0] ?? 0) > major || ((version[0] ?? 0) === major && (version[1] ?? 0) >= minor)

/** The node that runs a task, from its UPID; any member of the cluster knows the way to it. */
export const nodeOfTask = (upid: string): string => upid.split(':')[1] ?? ''

/** `qmcreate`, `download` … from the UPID. */
export const typeOfTask = (upid: string): string => upid.split(':')[5] ?? ''

const DRIVE_KEY = /^(?:scsi|ide|sata|virtio|efidisk|tpmstate|unused)\d{1,2}$/

/** Disks of a guest's configuration, detached ones (`unusedN`) too; what lies in a CD drive is not among them, save its own cloud-init drive. */
export const disksOf = (config: Row): readonly string[] =>
  drivesOf(config).flatMap(({ volume, cdrom }) => (!cdrom || /[/:]vm-\d+-cloudinit/.test(volume) ? [volume] : []))

/** Images in the CD drives, with the keys of those. */
export const mediaOf = (config: Row): readonly { readonly key: string; readonly volume: string }[] =>
  drivesOf(config).flatMap(({ key, volume, cdrom }) => (cdrom && volume.includes(':iso/') ? [{ key, volume }] : []))

const drivesOf = (config: Row) =>
  Object.keys(config)
    .filter((key) => DRIVE_KEY.test(key))
    .sort()
    .flatMap((key) => {
      const drive = parseProperties(toText(config[key]))
      const volume = drive[''] ?? drive['file'] ?? ''
      return volume.includes(':') ? [{ key, volume, cdrom: drive['media'] === 'cdrom' }] : []
    })
