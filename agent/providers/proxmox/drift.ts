import type { Drift, DriftClass, MadeMachine } from '../provider.ts'
import { attributesOf, type Attributes } from './drift-attributes.ts'
import { toText, type Row } from './parse.ts'
import { nicKey } from './shape/nics.ts'

/**
 * In what a guest differs from the machine that was wanted. Parsed values are compared, with the defaults of Proxmox
 * filled in: order, case and units are no difference. Nor is what the server owns (`meta`, `vmgenid`, `digest`, `lock`,
 * detached disks, the volume of the cloud-init drive), nor the host the guest is on, nor what others add to its tags.
 *
 * Source: facts proxmox.md §4.
 */
export type WantedMachine = Pick<MadeMachine, 'machineId' | 'name' | 'clusterName' | 'guestAgent' | 'hardware'>

/**
 * `pending` are the rows of `GET …/pending`: a value that is right, but waits for a power cycle, is a difference of
 * another kind than one that is wrong.
 */
export function driftOf(wanted: WantedMachine, config: Row, pending: readonly Row[]): readonly Drift[] {
  const asked = wantedAttributes(wanted)
  const planned = attributesOf(config, asked)
  const running = attributesOf(runningConfig(pending, config), asked)
  return [...new Set([...Object.keys(asked), ...Object.keys(planned)])].sort().flatMap((attribute) => {
    const [is, now, should] = [planned[attribute], running[attribute], asked[attribute]]
    if (is === should && now === should) return []
    return [
      {
        attribute,
        driftClass: classOf(attribute, is, should),
        wanted: should,
        is: is === should ? now : is,
        // Right from the next power cycle on; a reboot from inside the guest is not enough.
        waits: is === should,
      },
    ]
  })
}

/** Pending deletions and changes taken back: the configuration that the guest runs with. */
const runningConfig = (pending: readonly Row[], config: Row): Row =>
  pending.length === 0
    ? config
    : Object.fromEntries(
        pending.flatMap((row) => {
          const key = toText(row['key'])
          return key === undefined || row['value'] === undefined ? [] : [[key, row['value']] as const]
        }),
      )

const HOT =
  /^(name|tags|marker|onboot|protection|boot-first)$|^nic \d+ (bridge|vlan|firewall|link)$|^disk \S+ (storage|size)$/
const IMMUTABLE = /^(uuid|efi-disk|tpm)$|^nic \d+ mac$|^disk \S+ bus$/

/** `hot`: takes effect at once · `pending`: from the next power cycle on · `immutable`: only a new machine has it. */
function classOf(attribute: string, is: string | undefined, wanted: string | undefined): DriftClass {
  // A disk grows while the guest runs, and never shrinks.
  if (attribute.endsWith(' size')) return Number(is ?? 0) < Number(wanted ?? 0) ? 'hot' : 'immutable'
  if (HOT.test(attribute)) return 'hot'
  return IMMUTABLE.test(attribute) ? 'immutable' : 'pending'
}

const flag = (value: boolean): string => (value ? '1' : '0')

export function wantedAttributes({ machineId, name, clusterName, guestAgent, hardware }: WantedMachine): Attributes {
  const { firmware } = hardware
  return {
    uuid: machineId,
    name,
    marker: machineId,
    tags: [...new Set(['lanline', `lanline-${clusterName}`, ...hardware.tags].map((tag) => tag.toLowerCase()))]
      .sort()
      .join(';'),
    onboot: flag(hardware.onboot),
    protection: flag(hardware.protection),
    'boot-first': 'scsi0',
    cpu: String(hardware.cpu),
    'cpu-type': hardware.cpuType,
    numa: flag(hardware.numa),
    'memory-mib': String(hardware.memoryMiB),
    balloon: '0',
    firmware,
    machine: 'q35',
    controller: hardware.scsiController,
    'guest-agent': flag(guestAgent),
    'efi-disk': flag(firmware === 'ovmf'),
    tpm: flag(hardware.tpm),
    ...Object.fromEntries(
      hardware.disks.flatMap((disk, index) =>
        Object.entries({
          bus: `scsi${index}`,
          storage: disk.storage,
          size: String(disk.sizeGiB),
          cache: disk.cache,
          ssd: flag(disk.ssd),
          discard: flag(disk.discard),
          iothread: flag(disk.iothread),
          backup: flag(disk.backup),
        }).map(([key, value]) => [`disk ${disk.name} ${key}`, value] as const),
      ),
    ),
    ...Object.fromEntries(
      hardware.nics.flatMap((nic, index) =>
        Object.entries({
          mac: nic.mac,
          bridge: nic.bridge,
          vlan: String(nic.vlan ?? ''),
          mtu: String(nic.mtu ?? ''),
          firewall: flag(nic.firewall),
          link: '1',
          'host-tunnel': flag(nic.hostTunnel),
        }).map(([key, value]) => [`nic ${nicKey(index).slice(3)} ${key}`, value] as const),
      ),
    ),
    ...Object.fromEntries(hardware.devices.map(({ mapping }, index) => [`device ${index}`, mapping])),
  }
}
