import * as formats from './formats.ts'
import { choice, decimal, flag, indexed, integer, needed, since9, text, type ParameterTable } from './parameter.ts'
import { properties, type PropertyFormat } from './property-string.ts'
import { NODE_AND_VM } from './vm-parameters.ts'
import { words } from './words.ts'

/** What a container's configuration may say. Source: PVE API schema, POST /nodes/{node}/lxc. */
export const containerNicFormat: PropertyFormat = {
  keys: {
    bridge: text({ pattern: /^[-_.\w\d]+$/ }),
    firewall: flag(),
    gw: text({ format: formats.ipv4 }),
    gw6: text({ format: formats.ipv6 }),
    'host-managed': since9(flag()),
    hwaddr: text({ format: formats.macAddress }),
    ip: text({
      format: (value) => (value === 'manual' ? undefined : formats.ipv4Config(value)),
    }),
    ip6: text({
      format: (value) => (value === 'manual' ? undefined : formats.ipv6Config(value)),
    }),
    link_down: flag(),
    mtu: integer(64, 65535),
    name: needed(text({ pattern: /^[-_.\w\d]+$/ })),
    rate: decimal(),
    tag: integer(1, 4094),
    trunks: text({ pattern: /^\d+(?:;\d+)*$/ }),
    type: choice('veth'),
  },
}

const VOLUME_KEYS: ParameterTable = {
  acl: flag(),
  idmap: since9(text()),
  mountoptions: text({
    pattern: /^(discard|lazytime|noatime|nodev|noexec|nosuid)(;(discard|lazytime|noatime|nodev|noexec|nosuid))*$/,
  }),
  quota: flag(),
  replicate: flag(),
  ro: flag(),
  shared: flag(),
  size: text({ pattern: /^\d+(\.\d+)?[KMGT]?$/ }),
  volume: needed(text()),
}

export const rootFsFormat: PropertyFormat = { defaultKey: 'volume', keys: VOLUME_KEYS }
export const mountPointFormat: PropertyFormat = {
  defaultKey: 'volume',
  keys: { ...VOLUME_KEYS, backup: flag(), keepattrs: since9(flag()), mp: needed(text()) },
}
export const featuresFormat: PropertyFormat = {
  keys: {
    force_rw_sys: flag(),
    fuse: flag(),
    keyctl: flag(),
    mknod: flag(),
    mount: text({ pattern: /^[a-zA-Z0-9_; ]+$/ }),
    nesting: flag(),
  },
}

export const CONTAINER_OPTIONS: ParameterTable = {
  arch: choice('amd64', 'i386', 'arm64', 'armhf', 'riscv32', 'riscv64'),
  cmode: choice('shell', 'console', 'tty'),
  console: flag(),
  cores: integer(1, 8192),
  cpulimit: decimal(0, 8192),
  cpuunits: integer(0, 500_000),
  debug: flag(),
  description: text({ maxLength: 8192 }),
  'dev[n]': indexed(256, text()),
  entrypoint: since9(text()),
  env: since9(text()),
  features: properties(featuresFormat),
  hookscript: text(),
  hostname: text({ maxLength: 255, format: formats.dnsName }),
  lock: choice(...words('backup create destroyed disk fstrim migrate mounted rollback snapshot snapshot-delete')),
  memory: integer(16),
  'mp[n]': indexed(256, properties(mountPointFormat)),
  nameserver: text(),
  'net[n]': indexed(32, properties(containerNicFormat)),
  onboot: flag(),
  ostype: choice(...words('debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged')),
  protection: flag(),
  rootfs: properties(rootFsFormat),
  searchdomain: text(),
  startup: text(),
  swap: integer(0),
  tags: text({ format: formats.tagList }),
  template: flag(),
  timezone: text(),
  tty: integer(0, 6),
  unprivileged: flag(),
  'unused[n]': indexed(256, text()),
}

export const CREATE_CONTAINER: ParameterTable = {
  ...NODE_AND_VM,
  ...CONTAINER_OPTIONS,
  bwlimit: decimal(0),
  force: flag(),
  'ha-managed': since9(flag()),
  'ignore-unpack-errors': flag(),
  ostemplate: needed(text({ maxLength: 255 })),
  password: text({ minLength: 5 }),
  pool: text({ format: formats.poolId }),
  restore: flag(),
  'ssh-public-keys': text(),
  start: flag(),
  storage: text({ format: formats.storageId }),
  unique: flag({ requires: 'restore' }),
}

export const CHANGE_CONTAINER: ParameterTable = {
  ...NODE_AND_VM,
  ...CONTAINER_OPTIONS,
  delete: text(),
  digest: text({ maxLength: 40 }),
  revert: text(),
}
