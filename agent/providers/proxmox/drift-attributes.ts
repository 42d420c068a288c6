import { diskGiBOf, parseProperties, parseTags, toCount, toFlag, toNumber, toText, uuidOf, type Row } from './parse.ts'

/**
 * The attributes of a guest in words of our own, out of its configuration: parsed, with the defaults of Proxmox where a
 * key is absent. A disk is known by its serial and a NIC by its place, so that a moved volume is still the same disk.
 */
export type Attributes = Readonly<Record<string, string>>

/** Defaults that count here. Source: schema of 9.2 and 8.4, POST /nodes/{node}/qemu. */
const DEFAULT_CPU = 'kvm64'
const DEFAULT_BIOS = 'seabios'
const DEFAULT_CONTROLLER = 'lsi'
const DEFAULT_CACHE = 'none'

const DISK_KEY = /^(?:scsi|virtio|sata|ide)\d{1,2}$/

/** `asked` says which tags are of interest; those that others add are theirs. */
export function attributesOf(config: Row, asked: Attributes): Attributes {
  const text = (key: string): string | undefined => toText(config[key])
  const tags = parseTags(text('tags')).map((tag) => tag.toLowerCase())
  const askedTags = (asked['tags'] ?? '').split(';')
  const marker = /machine: ([0-9a-f-]{36})/.exec(text('description') ?? '')?.[1]
  return {
    uuid: uuidOf(config) ?? '',
    name: text('name') ?? '',
    marker: marker ?? '',
    tags: askedTags.filter((tag) => tags.includes(tag)).join(';'),
    onboot: flagOf(config['onboot']),
    protection: flagOf(config['protection']),
    'boot-first': bootFirst(text('boot')),
    cpu: String(Math.max(1, toCount(config['cores'])) * Math.max(1, toCount(config['sockets']))),
    'cpu-type': firstOf(text('cpu'), 'cputype') ?? DEFAULT_CPU,
    numa: flagOf(config['numa']),
    'memory-mib': String(toCount(firstOf(text('memory'), 'current') ?? 512)),
    // Without it there is a balloon, as large as the memory.
    balloon: toNumber(config['balloon']) === 0 ? '0' : (text('balloon') ?? 'on'),
    firmware: text('bios') ?? DEFAULT_BIOS,
    // The version behind the type follows QEMU at every cold start.
    machine: (firstOf(text('machine'), 'type') ?? 'pc').replace(/^pc-(q35)-.*/, '$1'),
    controller: text('scsihw') ?? DEFAULT_CONTROLLER,
    'guest-agent': flagOf(firstOf(text('agent'), 'enabled')),
    'efi-disk': flag(config['efidisk0'] !== undefined),
    tpm: flag(config['tpmstate0'] !== undefined),
    ...disks(config),
    ...nics(config, asked),
    ...devices(config),
  }
}

const flag = (value: boolean): string => (value ? '1' : '0')
const flagOf = (value: unknown): string => flag(toFlag(value) || value === 'on')

/** The value of a property string that may stand without its key. */
const firstOf = (text: string | undefined, key: string): string | undefined => {
  const properties = parseProperties(text)
  return properties[key] ?? (properties[''] === '' ? undefined : properties[''])
}

/** `order=scsi0;ide0` → `scsi0`; the old form (`cdn`) boots a disk when `c` comes first. */
function bootFirst(boot: string | undefined): string {
  const order = parseProperties(boot)['order']
  return order === undefined ? (boot ?? '').trim() : (order.split(';')[0] ?? '')
}

function disks(config: Row): Attributes {
  const found = Object.keys(config)
    .filter((key) => DISK_KEY.test(key))
    .flatMap((key) => {
      const text = toText(config[key])
      const drive = parseProperties(text)
      if (drive['media'] === 'cdrom') return []
      const name = drive['serial'] ?? key
      return Object.entries({
        bus: key,
        storage: (drive[''] ?? drive['file'] ?? '').split(':')[0] ?? '',
        size: String(diskGiBOf(text) ?? 0),
        cache: drive['cache'] ?? DEFAULT_CACHE,
        ssd: flagOf(drive['ssd']),
        discard: flagOf(drive['discard']),
        iothread: flagOf(drive['iothread']),
        backup: flag(drive['backup'] === undefined || toFlag(drive['backup'])),
      }).map(([attribute, value]) => [`disk ${name} ${attribute}`, value] as const)
    })
  return Object.fromEntries(found)
}

const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i

function nics(config: Row, asked: Attributes): Attributes {
  const found = Object.keys(config).flatMap((key) => {
    const place = /^net(\d{1,2})$/.exec(key)?.[1]
    if (place === undefined) return []
    const nic = parseProperties(toText(config[key]))
    return Object.entries({
      mac: (Object.values(nic).find((value) => MAC.test(value)) ?? '').toUpperCase(),
      bridge: nic['bridge'] ?? '',
      vlan: nic['tag'] ?? '',
      mtu: nic['mtu'] ?? '',
      firewall: flagOf(nic['firewall']),
      link: flag(!toFlag(nic['link_down'])),
      // Where the host does not know the key there is nothing that could differ.
      'host-tunnel': nic['host-tunnel'] ?? asked[`nic ${place} host-tunnel`] ?? '0',
    }).map(([attribute, value]) => [`nic ${place} ${attribute}`, value] as const)
  })
  return Object.fromEntries(found)
}

const devices = (config: Row): Attributes =>
  Object.fromEntries(
    Object.keys(config).flatMap((key) => {
      const place = /^hostpci(\d{1,2})$/.exec(key)?.[1]
      if (place === undefined) return []
      const device = parseProperties(toText(config[key]))
      return [[`device ${place}`, device['mapping'] ?? device['host'] ?? device[''] ?? ''] as const]
    }),
  )
