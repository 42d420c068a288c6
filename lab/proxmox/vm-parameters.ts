import { CPU_MODELS } from './capabilities.ts'
import * as formats from './formats.ts'
import { choice, decimal, flag, indexed, integer, needed, since9, text, type ParameterTable } from './parameter.ts'
import { properties } from './property-string.ts'
import * as vm from './vm-formats.ts'
import { words } from './words.ts'

/**
 * What a VM's configuration may say. The lab acts on what decides about hardware and boot; the rest it stores and shows,
 * as the real host does with what a guest never notices. Source: PVE API schema, POST /nodes/{node}/qemu.
 */
const drive = properties(vm.driveFormat)

const cpuFormat = (value: string): string | undefined => {
  const model = value.split(',')[0]?.replace(/^cputype=/, '') ?? ''
  if (model.startsWith('custom-')) return `Custom cputype '${model.slice('custom-'.length)}' not found\n`
  if (model.includes('=') || model === 'host' || CPU_MODELS.some(({ name }) => name === model)) return undefined
  return `Built-in cputype '${model}' is not defined (missing 'custom-' prefix?)\n`
}

export const VM_OPTIONS: ParameterTable = {
  acpi: flag(),
  affinity: text(),
  agent: properties(vm.agentFormat),
  'allow-ksm': since9(flag()),
  'amd-sev': text(),
  arch: choice('x86_64', 'aarch64'),
  args: text(),
  audio0: text(),
  autostart: flag(),
  balloon: integer(0),
  bios: choice('seabios', 'ovmf'),
  boot: properties(vm.bootFormat),
  bootdisk: text({ pattern: /^(ide|sata|scsi|virtio)\d+$/ }),
  cdrom: text(),
  cicustom: text(),
  cipassword: text(),
  citype: choice('configdrive2', 'nocloud', 'opennebula'),
  ciupgrade: flag(),
  ciuser: text(),
  cores: integer(1),
  cpu: text({ format: cpuFormat }),
  cpulimit: decimal(0, 128),
  cpuunits: integer(1, 262144),
  description: text({ maxLength: 8192 }),
  efidisk0: properties(vm.efiFormat),
  freeze: flag(),
  hookscript: text(),
  'hostpci[n]': indexed(16, properties(vm.hostPciFormat)),
  hotplug: text(),
  hugepages: choice('any', '2', '1024'),
  'ide[n]': indexed(4, drive),
  'intel-tdx': since9(text()),
  'ipconfig[n]': indexed(32, properties(vm.ipConfigFormat)),
  ivshmem: text(),
  keephugepages: flag(),
  keyboard: choice(
    ...words('de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja'),
    ...words('lt mk nl no pl pt pt-br sv sl tr'),
  ),
  kvm: flag(),
  localtime: flag(),
  lock: choice(...words('backup clone create migrate rollback snapshot snapshot-delete suspending suspended')),
  machine: properties(vm.machineFormat),
  memory: properties(vm.memoryFormat),
  migrate_downtime: decimal(0),
  migrate_speed: integer(0),
  name: text({ format: formats.dnsName }),
  nameserver: text(),
  'net[n]': indexed(32, properties(vm.nicFormat)),
  numa: flag(),
  'numa[n]': indexed(8, properties(vm.numaFormat)),
  onboot: flag(),
  ostype: choice(...words('other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris')),
  'parallel[n]': indexed(3, text({ pattern: /^(\/dev\/parport\d+|\/dev\/usb\/lp\d+)$/ })),
  protection: flag(),
  reboot: flag(),
  rng0: properties(vm.rngFormat),
  'sata[n]': indexed(6, drive),
  'scsi[n]': indexed(31, drive),
  scsihw: choice('lsi', 'lsi53c810', 'virtio-scsi-pci', 'virtio-scsi-single', 'megasas', 'pvscsi'),
  searchdomain: text(),
  'serial[n]': indexed(4, text({ pattern: /^(\/dev\/[^,]+|socket)$/ })),
  shares: integer(0, 50000),
  smbios1: properties(vm.smbiosFormat, { maxLength: 512 }),
  smp: integer(1),
  sockets: integer(1),
  spice_enhancements: text(),
  sshkeys: text({ format: formats.urlEncoded }),
  startdate: text({ pattern: /^(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)$/ }),
  startup: text(),
  tablet: flag(),
  tags: text({ format: formats.tagList }),
  tdf: flag(),
  template: flag(),
  tpmstate0: properties(vm.tpmFormat),
  'unused[n]': indexed(256, text()),
  'usb[n]': indexed(14, text()),
  vcpus: integer(1),
  vga: properties(vm.vgaFormat),
  'virtio[n]': indexed(16, drive),
  'virtiofs[n]': indexed(10, text()),
  vmgenid: text({ pattern: /^([a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])$/ }),
  vmstatestorage: text({ format: formats.storageId }),
  watchdog: text(),
}

const numbered = (family: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${family}${at}`)

/** Everything that can be grown or copied. */
export const DISKS = [
  ...numbered('ide', 4),
  ...numbered('scsi', 31),
  ...numbered('virtio', 16),
  ...numbered('sata', 6),
  'efidisk0',
  'tpmstate0',
]

export const NODE: ParameterTable = { node: needed(text({ format: formats.node })) }
export const NODE_AND_VM: ParameterTable = { ...NODE, vmid: needed(integer(100, 999999999, { format: formats.vmid })) }

export const CREATE_VM: ParameterTable = {
  ...NODE_AND_VM,
  ...VM_OPTIONS,
  archive: text({ maxLength: 255 }),
  bwlimit: integer(0),
  force: flag({ requires: 'archive' }),
  'ha-managed': since9(flag()),
  'import-working-storage': text({ format: formats.storageId }),
  'live-restore': flag(),
  pool: text({ format: formats.poolId }),
  start: flag(),
  storage: text({ format: formats.storageId }),
  unique: flag({ requires: 'archive' }),
}

export const CHANGE_VM: ParameterTable = {
  ...NODE_AND_VM,
  ...VM_OPTIONS,
  delete: text(),
  digest: text({ maxLength: 40 }),
  force: flag({ requires: 'delete' }),
  revert: text(),
  skiplock: flag(),
}

export const CHANGE_VM_IN_BACKGROUND: ParameterTable = {
  ...CHANGE_VM,
  background_delay: integer(1, 30),
  'import-working-storage': text({ format: formats.storageId }),
}
