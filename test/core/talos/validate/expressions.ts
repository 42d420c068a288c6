import type { ExpressionKind } from '#core/talos/validate/expression-names.ts'
import type { Random } from '#test/support/random.ts'

/** Expressions with what Talos 1.14 says to them; test/extra/talos-generate asks it, and older ones. */
export const TAKEN: readonly (readonly [ExpressionKind, string])[] = [
  ['disk', 'disk.size > 120u * GB && disk.size < 1u * TB'],
  ['disk', 'disk.transport == "sata" && !disk.rotational && !system_disk'],
  ['disk', "disk.dev_path == '/dev/sda'"],
  ['disk', 'glob("Samsung*", disk.model) || disk.serial in ["A", "B"]'],
  ['disk', '"/dev/disk/by-id/x" in disk.symlinks'],
  ['disk', 'disk.symlinks.exists(path, path.startsWith("/dev/disk/by-id/") && path.contains("nvme"))'],
  ['disk', 'size(disk.symlinks) > 0 && disk.symlinks[0].matches("^/dev")'],
  ['disk', 'int(disk.size) > 100 && double(disk.size) > 1.5'],
  ['disk', 'disk.size + 1u * KiB >= uint("4096")'],
  ['disk', 'has(disk.uuid) ? disk.uuid != "" : false'],
  ['disk', 'disk != null'],
  ['disk', 'disk.symlinks.exists(s, disk.size >= 1)'],
  ['disk', 'disk.symlinks.exists(s, s == "a") && disk.size > 100'],
  ['disk', 'disk.symlinks.filter(s, s != "").size() > 0.5'],
  ['disk', '(1 < 2.0 ? "a" : "b").startsWith(disk.symlinks.filter(s, true)[0])'],
  ['disk', 'dyn(disk.size) > 1'],
  ['disk', 'disk.firmware_version == "1.0"'],
  ['disk', 'string(disk.size) == "1" // a note'],
  ['disk', 'true'],
  ['volume', 'volume.partition_label == "MY-DATA" && disk.serial == "S"'],
  ['volume', 'volume.name == "xfs" && volume.partition_index == 1u && volume.size > 1u * GiB'],
  ['member', 'volume_id == "r-lvmdata" || (system_disk && glob("/dev/*", volume.dev_path))'],
  ['link', 'mac(link.permanent_addr) == "00:1a:2b:3c:4d:5e"'],
  ['link', 'glob("00:1a:2b:*", mac(link.hardware_addr)) && link.driver == "e1000"'],
  ['link', 'link.bridge_master.stp.enabled && link.vlan.vid == 1u && link.type == 1'],
  ['link', 'link.bond_master == null && "eth7" in link.alt_names'],
  ['link', 'link.wireguard.peers.exists(peer, peer.public_key == "k")'],
  ['oom-trigger', 'memory_full_avg10 > 12.0 && d_memory_full_avg10 > 0.0 && time_since_trigger > duration("500ms")'],
  ['oom-trigger', 'multiply_qos_vectors(d_qos_memory_full_total, {System: 8.0, Podruntime: 4.0}) > 3000.0'],
  ['oom-trigger', 'qos_memory_current[Besteffort] > 1.0'],
  [
    'oom-ranking',
    'memory_max.hasValue() ? 0.0 : {Besteffort: 1.0, Burstable: 0.5}[class] * double(memory_current.orValue(0u))',
  ],
  ['oom-ranking', 'path.startsWith("/kubepods") ? 1.0 : 0.0'],
]

export const REFUSED: readonly (readonly [ExpressionKind, string, string])[] = [
  ['disk', '', 'Unexpected token: EOF'],
  ['disk', 'disk.', 'Expected IDENTIFIER, got EOF'],
  ['disk', 'disk.size > 100', 'no such overload: uint > int; write the number as in 1u'],
  ['disk', 'disk.size > 1.5', 'no such overload: uint > double'],
  ['disk', '1.5 < disk.size && disk.symlinks.exists(s, s == "a")', 'no such overload: double < uint'],
  ['disk', '[1 < 2.0].all(x, x)', 'no such overload: int < double'],
  ['disk', 'disk.symlinks.filter(s, true)[0].startsWith(1 < 2.0 ? "a" : "b")', 'no such overload: int < double'],
  ['disk', 'disk.size * 2 > 1u', 'no such overload: uint * int'],
  ['disk', 'disk.size == 1', 'no such overload: uint == int'],
  ['disk', 'disk.sizes > 1u', 'No such key: sizes'],
  ['disk', 'disk.size', 'it is uint, not bool'],
  ['disk', 'disk.rotational ? true : 1', 'Ternary branches must have the same type'],
  ['disk', 'disk["rotational"]', 'a field is named after a dot, not in brackets'],
  ['disk', 'disks.size > 1u', 'Unknown variable: disks'],
  ['disk', 'disk.serial.lowerAscii() == "a"', 'Talos has no function lowerAscii here'],
  ['disk', 'glob(disk.model)', "found no matching overload for 'glob(string)'"],
  ['disk', 'mac(b"a") == "a"', "found no matching overload for 'mac(bytes)'"],
  ['disk', 'volume.name == "a"', 'Unknown variable: volume'],
  ['disk', '1 in disk.symlinks', 'no such overload: int in list<string>'],
  ['disk', 'disk.?size.hasValue()', 'Expected IDENTIFIER'],
  ['volume', 'system_disk', 'Unknown variable: system_disk'],
  ['volume', 'glob("a", volume.name)', "found no matching overload for 'glob(string, string)'"],
  ['link', 'link.hardware_addr == "00:1a:2b:3c:4d:5e"', 'no such overload: bytes == string'],
  ['link', 'link.mtu > 1u * KiB', 'Unknown variable: KiB'],
  ['link', 'link.kind = "bond"', ''],
  ['oom-trigger', 'memory_full_avg10 > 12', 'no such overload: double > int'],
  ['oom-ranking', 'true', 'it is bool, not double'],
  ['oom-ranking', 'memory_max > 1u', 'no such overload: optional<uint> > uint'],
]

/** A document with an expression at its place. */
export const documentWith = (kind: ExpressionKind, expression: string): string => {
  const text = JSON.stringify(expression)
  switch (kind) {
    case 'disk':
      return `kind: RawVolumeConfig\nname: a\nprovisioning: {minSize: 1GiB, diskSelector: {match: ${text}}}\n`
    case 'volume':
      return `kind: ExistingVolumeConfig\nname: a\ndiscovery: {volumeSelector: {match: ${text}}}\n`
    case 'member':
      return `kind: LVMVolumeGroupConfig\nname: a\nprovisioning: {volumeSelector: {match: ${text}}}\n`
    case 'link':
      return `kind: LinkAliasConfig\nname: net7\nselector: {match: ${text}}\n`
    case 'oom-trigger':
      return `kind: OOMConfig\ntriggerExpression: ${text}\n`
    case 'oom-ranking':
      return `kind: OOMConfig\ncgroupRankingExpression: ${text}\n`
  }
}

type Typed = 'bool' | 'uint' | 'int' | 'double' | 'string' | 'list' | 'other'
const TYPES: readonly Typed[] = ['bool', 'uint', 'int', 'double', 'string', 'list', 'other']

const NAMES: Readonly<Record<ExpressionKind, Readonly<Partial<Record<Typed, readonly string[]>>>>> = {
  disk: {
    bool: ['disk.rotational', 'system_disk', 'glob("S*", disk.model)'],
    uint: ['disk.size', 'GiB', 'disk.io_size'],
    string: ['disk.model', 'disk.dev_path'],
    list: ['disk.symlinks', 'disk.secondary_disks'],
    other: ['disk', 'disk.nothing', 'disk["size"]'],
  },
  volume: {
    uint: ['volume.size', 'volume.partition_index', 'TB', 'disk.size'],
    string: ['volume.name', 'volume.label', 'disk.serial'],
    list: ['disk.symlinks'],
    other: ['volume', 'system_disk', 'volume.nothing'],
  },
  member: {
    bool: ['system_disk', 'glob("a*", volume.label)'],
    uint: ['volume.size', 'disk.size'],
    string: ['volume_id', 'volume.uuid'],
    other: ['volume', 'volume_id.x'],
  },
  link: {
    bool: ['link.link_state', 'link.bridge_master.stp.enabled', 'has(link.vlan)'],
    uint: ['link.mtu', 'link.vlan.vid', 'link.flags'],
    int: ['link.type', 'link.speed_megabits', 'link.bond_master.mode'],
    string: ['link.driver', 'mac(link.permanent_addr)'],
    list: ['link.alt_names'],
    other: ['link', 'link.hardware_addr', 'link.vlan', 'link.vlan == null', 'GiB'],
  },
  'oom-trigger': {
    bool: ['(time_since_trigger > duration("1s"))'],
    int: ['System', 'Besteffort'],
    double: ['memory_full_avg10', 'd_memory_some_total', 'qos_memory_max[System]'],
    other: ['qos_memory_peak', 'time_since_trigger', 'memory'],
  },
  'oom-ranking': {
    bool: ['memory_peak.hasValue()'],
    uint: ['memory_max.orValue(1u)', 'GiB', 'memory_current.value()'],
    int: ['class', 'Guaranteed'],
    string: ['path'],
    other: ['memory_max', 'memory_peak.or(memory_max)'],
  },
}

const LITERALS: Readonly<Record<Typed, readonly string[]>> = {
  bool: ['true', 'false'],
  uint: ['1u', '0x10u'],
  int: ['1', '-2', '0xf'],
  double: ['1.5', '1e3'],
  string: ['"a"', "'b'", 'r"\\d"'],
  list: ['["a", "b"]'],
  other: ['null', 'b"a"', '{"a": 1}', '[1, 2]', 'duration("1s")'],
}

const SLIP = 0.06

/**
 * Expressions that mean something, with a slip of type or name in every third or so. Comparisons are in parentheses: of
 * `a == b < c` the library takes `b < c` first, and Talos goes from left to right.
 */
export function randomExpression(random: Random, kind: ExpressionKind): string {
  return written(random, kind, kind === 'oom-ranking' ? 'double' : 'bool', 0)
}

function written(random: Random, kind: ExpressionKind, wanted: Typed, depth: number): string {
  const type = random.chance(SLIP) ? random.pick(TYPES) : wanted
  const inner = (of: Typed) => written(random, kind, of, depth + 1)
  if (depth > 2 || random.chance(0.25)) return random.pick(NAMES[kind][type] ?? LITERALS[type])
  if (random.chance(0.15)) return random.pick(LITERALS[type])
  const number = random.pick(['uint', 'int', 'double'] as const)
  const any = random.pick(['uint', 'int', 'double', 'string', 'bool'] as const)
  switch (type) {
    case 'bool':
      return random.pick([
        () => `${inner('bool')} && ${inner('bool')}`,
        () => `(${inner('bool')} || ${inner('bool')})`,
        () => `!(${inner('bool')})`,
        () => `(${inner(any)} ${random.pick(['==', '!='])} ${inner(any)})`,
        () => `(${inner(any)} ${random.pick(['<', '<=', '>', '>='])} ${inner(any)})`,
        () =>
          `${inner('string')}.${random.pick(['startsWith', 'endsWith', 'contains', 'matches'])}(${inner('string')})`,
        () => `(${inner('string')} in ${inner('list')})`,
        () => `${inner('list')}.${random.pick(['exists', 'all', 'exists_one'])}(x, x == ${inner('string')})`,
        () => `(${inner('bool')} ? ${inner('bool')} : ${inner('bool')})`,
      ])()
    case 'string':
      return random.pick([() => `${inner('string')} + ${inner('string')}`, () => `string(${inner(any)})`])()
    case 'list':
      return random.pick([
        () => `[${inner('string')}, ${inner('string')}]`,
        () => `${inner('list')}.filter(x, x != ${inner('string')})`,
        () => `${inner('list')}.map(x, x + ${inner('string')})`,
      ])()
    case 'other':
      return random.pick(LITERALS.other)
    default:
      return random.pick([
        () => `(${inner(type)} ${random.pick(['+', '-', '*', '/'])} ${inner(type)})`,
        () => `${type}(${inner(number)})`,
        () => (type === 'int' ? `size(${inner(random.pick(['string', 'list']))})` : inner(type)),
      ])()
  }
}
