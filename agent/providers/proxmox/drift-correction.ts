import type { NicShape } from '#core/model/hardware.ts'
import type { Drift, MadeMachine } from '../provider.ts'
import { describe } from './creation.ts'
import type { Params } from './http.ts'
import { formatProperties, macsOf, parseProperties, toText, type Row } from './parse.ts'
import { diskKey } from './shape/disks.ts'
import { nicKey } from './shape/nics.ts'

/**
 * The parameters that make a guest again what it was made as, and nothing more: what others have set beside that stays, down
 * to the sub-key. Sizes of disks and tags go by calls of their own. What no change of a configuration mends is for a person:
 * a disk that was moved, a card or a device that was taken out or put in.
 */
export function correctionOf(machine: MadeMachine, config: Row, drift: readonly Drift[]): Params {
  const params: Record<string, string | number> = {}
  for (const one of drift) if (isMendable(one)) Object.assign(params, paramsFor(one.attribute, machine, config))
  return params
}

/** Whether a change of the configuration mends it; growth and tags, too, because they have calls of their own. */
export const isMendable = ({ attribute, driftClass, wanted, is, waits }: Drift): boolean =>
  !waits &&
  driftClass !== 'immutable' &&
  wanted !== undefined &&
  is !== undefined &&
  !/^device \d+$|^disk \S+ storage$/.test(attribute)

function paramsFor(attribute: string, machine: MadeMachine, config: Row): Params {
  const { hardware } = machine
  const nic = /^nic (\d+) /.exec(attribute)?.[1]
  if (nic !== undefined) return nicParams(Number(nic), hardware.nics[Number(nic)], config)
  const disk = /^disk (\S+) (?!size)/.exec(attribute)?.[1]
  if (disk !== undefined) return diskParams(disk, machine, config)
  switch (attribute) {
    case 'name':
      return { name: machine.name }
    case 'marker':
      return { description: withOldText(describe(machine), toText(config['description'])) }
    case 'onboot':
      return { onboot: hardware.onboot ? 1 : 0 }
    case 'protection':
      return { protection: hardware.protection ? 1 : 0 }
    case 'boot-first':
      return { boot: `order=${[diskKey(0), ...otherBoot(config)].join(';')}` }
    case 'cpu':
      return { cores: hardware.cpu, sockets: 1 }
    case 'cpu-type':
      return { cpu: hardware.cpuType }
    case 'numa':
      return { numa: hardware.numa ? 1 : 0 }
    case 'memory-mib':
      return { memory: hardware.memoryMiB }
    case 'balloon':
      return { balloon: 0 }
    case 'firmware':
      return { bios: hardware.firmware }
    case 'machine':
      return { machine: 'q35' }
    case 'controller':
      return { scsihw: hardware.scsiController }
    case 'guest-agent':
      return { agent: machine.guestAgent ? 'enabled=1' : 'enabled=0' }
    default:
      return {}
  }
}

/** Without its MAC an update would draw a new one; a card that is not ours any more is left alone. */
function nicParams(index: number, wanted: NicShape | undefined, config: Row): Params {
  const key = nicKey(index)
  const card = toText(config[key])
  if (!wanted || card === undefined || macsOf({ net0: card })[0] !== wanted.mac) return {}
  const { link_down: _, ...kept } = parseProperties(card)
  return {
    [key]: formatProperties(undefined, {
      ...kept,
      bridge: wanted.bridge,
      tag: wanted.vlan === undefined ? undefined : String(wanted.vlan),
      mtu: wanted.mtu === undefined ? undefined : String(wanted.mtu),
      firewall: wanted.firewall ? '1' : '0',
      // A host that does not know the key does not show it.
      ...(kept['host-tunnel'] === undefined ? {} : { 'host-tunnel': wanted.hostTunnel ? '1' : '0' }),
    }),
  }
}

/** The volume stays what it is; only how it is attached changes. */
function diskParams(name: string, { hardware }: MadeMachine, config: Row): Params {
  const index = hardware.disks.findIndex((disk) => disk.name === name)
  const wanted = hardware.disks[index]
  const key = diskKey(index)
  const { '': volume, ...kept } = parseProperties(toText(config[key]))
  if (!wanted || volume === undefined || kept['serial'] !== name) return {}
  return {
    [key]: formatProperties(volume, {
      ...kept,
      cache: wanted.cache,
      ssd: wanted.ssd ? '1' : undefined,
      discard: wanted.discard ? 'on' : undefined,
      iothread: wanted.iothread ? '1' : undefined,
      backup: wanted.backup ? undefined : '0',
    }),
  }
}

const otherBoot = (config: Row): readonly string[] =>
  (parseProperties(toText(config['boot']))['order'] ?? '').split(';').filter((key) => key !== '' && key !== diskKey(0))

const withOldText = (ours: string, old: string | undefined): string =>
  old === undefined || old.trim() === '' ? ours : `${ours}\n\n${old.trim()}`
