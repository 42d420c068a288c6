import * as formats from './formats.ts'
import { choice, decimal, flag, integer, needed, since9, text, until8 } from './parameter.ts'
import type { PropertyFormat } from './property-string.ts'
import { words } from './words.ts'

/** The property strings of a VM's configuration that the lab looks into. Source: PVE API schema, POST /nodes/{node}/qemu. */

const NIC_MODELS = [
  'e1000',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'e1000e',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
  'rtl8139',
  'virtio',
  'vmxnet3',
]

export const nicFormat: PropertyFormat = {
  defaultKey: 'model',
  keyAliases: { names: NIC_MODELS, key: 'model', value: 'macaddr' },
  keys: {
    model: needed(choice(...NIC_MODELS)),
    macaddr: text({ format: formats.macAddress }),
    bridge: text(),
    firewall: flag(),
    'host-tunnel': since9(flag()),
    link_down: flag(),
    mtu: integer(1, 65520),
    queues: integer(0, 64),
    rate: decimal(0),
    tag: integer(1, 4094),
    trunks: text({ pattern: /^\d+(-\d+)?(;\d+(-\d+)?)*$/ }),
  },
}

const FILE_KEYS = {
  file: needed(text()),
  format: choice('raw', 'qcow', 'qed', 'qcow2', 'vmdk', 'cloop'),
  'import-from': text(),
  size: text({ pattern: /^\d+(\.\d+)?[KMGT]?$/ }),
}
const RATE_KEYS = Object.fromEntries(
  ['', '_rd', '_wr'].flatMap((way) => [
    [`bps${way}`, integer()],
    [`bps${way}_max_length`, integer(1)],
    [`iops${way}`, integer()],
    [`iops${way}_max`, integer()],
    [`iops${way}_max_length`, integer(1)],
    [`mbps${way}`, decimal()],
    [`mbps${way}_max`, decimal()],
  ]),
)

/** Gone in 9. */
const GEOMETRY_KEYS = {
  cyls: until8(integer()),
  heads: until8(integer()),
  secs: until8(integer()),
  trans: until8(choice('none', 'lba', 'auto')),
}

export const driveFormat: PropertyFormat = {
  defaultKey: 'file',
  aliases: { volume: 'file' },
  keys: {
    ...FILE_KEYS,
    ...RATE_KEYS,
    ...GEOMETRY_KEYS,
    aio: choice('native', 'threads', 'io_uring'),
    backup: flag(),
    cache: choice('none', 'writethrough', 'writeback', 'unsafe', 'directsync'),
    detect_zeroes: flag(),
    discard: choice('ignore', 'on'),
    iothread: flag(),
    media: choice('cdrom', 'disk'),
    product: text({ pattern: /^[A-Za-z0-9\-_\s]{0,16}$/ }),
    queues: integer(2),
    replicate: flag(),
    rerror: choice('ignore', 'report', 'stop'),
    ro: flag(),
    scsiblock: flag(),
    serial: text({ maxLength: 60, format: formats.urlEncoded }),
    shared: flag(),
    snapshot: flag(),
    ssd: flag(),
    vendor: text({ pattern: /^[A-Za-z0-9\-_\s]{0,8}$/ }),
    werror: choice('enospc', 'ignore', 'report', 'stop'),
    wwn: text({ pattern: /^0x[0-9a-fA-F]{16}/ }),
  },
}

export const efiFormat: PropertyFormat = {
  defaultKey: 'file',
  aliases: { volume: 'file' },
  keys: {
    ...FILE_KEYS,
    efitype: choice('2m', '4m'),
    'ms-cert': choice('2011', '2023', '2023w', '2023k'),
    'pre-enrolled-keys': flag(),
  },
}

export const tpmFormat: PropertyFormat = {
  defaultKey: 'file',
  aliases: { volume: 'file' },
  keys: { ...FILE_KEYS, format: since9(choice('raw', 'qcow2', 'vmdk')), version: choice('v1.2', 'v2.0') },
}

export const ipConfigFormat: PropertyFormat = {
  keys: {
    gw: text({ format: formats.ipv4, requires: 'ip' }),
    gw6: text({ format: formats.ipv6, requires: 'ip6' }),
    ip: text({ format: formats.ipv4Config }),
    ip6: text({ format: formats.ipv6Config }),
  },
}

const UUID = /^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$/

export const smbiosFormat: PropertyFormat = {
  keys: {
    base64: flag(),
    uuid: text({ pattern: UUID }),
    ...Object.fromEntries(
      ['family', 'manufacturer', 'product', 'serial', 'sku', 'version'].map((key) => [
        key,
        text({ pattern: /^[A-Za-z0-9+/]+={0,2}$/ }),
      ]),
    ),
  },
}

const BOOT_DEVICE = /^(ide[0-3]|sata[0-5]|scsi([0-9]|[12][0-9]|30)|virtio([0-9]|1[0-5])|net\d+|hostpci\d+|usb\d+)$/

export const bootFormat: PropertyFormat = {
  defaultKey: 'legacy',
  keys: {
    legacy: text({ pattern: /^[acdn]{1,4}$/ }),
    order: text({
      format: (value) => {
        const wrong = value.split(';').find((device) => !BOOT_DEVICE.test(device))
        return wrong === undefined ? undefined : `invalid boot device '${wrong}'\n`
      },
    }),
  },
}

export const memoryFormat: PropertyFormat = { defaultKey: 'current', keys: { current: needed(integer(16)) } }

export const agentFormat: PropertyFormat = {
  defaultKey: 'enabled',
  aliases: { 'freeze-fs-on-backup': 'freeze-fs', 'guest-fsfreeze': 'freeze-fs' },
  keys: {
    enabled: needed(flag()),
    'freeze-fs': since9(flag()),
    'freeze-fs-on-backup': until8(flag()),
    fstrim_cloned_disks: flag(),
    type: choice('virtio', 'isa'),
  },
}

export const machineFormat: PropertyFormat = {
  defaultKey: 'type',
  keys: {
    type: text({
      maxLength: 40,
      pattern:
        /^(pc|pc(-i440fx)?-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|q35|pc-q35-\d+(\.\d+)+(\+pve\d+)?(\.pxe)?|virt(?:-\d+(\.\d+)+)?(\+pve\d+)?)$/,
    }),
    viommu: choice('intel', 'virtio'),
    'enable-s3': flag(),
    'enable-s4': flag(),
    'aw-bits': since9(decimal(32, 64)),
  },
}

const CPU_SET = /^\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*$/

export const numaFormat: PropertyFormat = {
  keys: {
    cpus: needed(text({ pattern: CPU_SET })),
    hostnodes: text({ pattern: CPU_SET }),
    memory: decimal(),
    policy: choice('preferred', 'bind', 'interleave'),
  },
}

/** Source: the documentation of hostpciN; the schema gives no keys. */
export const hostPciFormat: PropertyFormat = {
  defaultKey: 'host',
  keys: {
    host: text({
      pattern:
        /^([0-9a-f]{4,}:)?[0-9a-f]{2}:[0-9a-f]{2}(\.[0-9a-f])?(;([0-9a-f]{4,}:)?[0-9a-f]{2}:[0-9a-f]{2}(\.[0-9a-f])?)*$/i,
    }),
    mapping: text({ format: formats.configId }),
    'device-id': text({ pattern: /^0x[0-9a-fA-F]{4}$/ }),
    'legacy-igd': flag(),
    mdev: text(),
    pcie: flag(),
    ramfb: flag(),
    rombar: flag(),
    romfile: text(),
    'sub-device-id': text({ pattern: /^0x[0-9a-fA-F]{4}$/ }),
    'sub-vendor-id': text({ pattern: /^0x[0-9a-fA-F]{4}$/ }),
    'vendor-id': text({ pattern: /^0x[0-9a-fA-F]{4}$/ }),
    'x-vga': flag(),
  },
}

export const rngFormat: PropertyFormat = {
  defaultKey: 'source',
  keys: {
    source: needed(choice('/dev/urandom', '/dev/random', '/dev/hwrng')),
    max_bytes: integer(),
    period: integer(),
  },
}

export const vgaFormat: PropertyFormat = {
  defaultKey: 'type',
  keys: {
    type: choice(
      ...words('cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3'),
      ...words('std virtio virtio-gl vmware'),
    ),
    memory: integer(4, 512),
    clipboard: choice('vnc'),
  },
}
