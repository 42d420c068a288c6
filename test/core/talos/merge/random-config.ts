import { stringify } from 'yaml'
import { LEGACY, type FieldType } from '#core/talos/merge/types/notation.ts'
import { fieldsOf, typeTable } from '#core/talos/merge/types/table.ts'
import type { Random } from '#test/support/random.ts'

/**
 * Random documents by the type tables, with values that Talos itself takes, and with every form of emptiness: absent,
 * null, "", 0, false, [] and {}. Patches of them carry deletions, too.
 */
type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain }

/** Values of fields that Talos parses further; the key is `Type.field` or just the field. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  'AddressConfig.address': ['10.0.0.1/24', '10.0.0.2/24', 'fd00::1/64'],
  'IngressRule.subnet': ['10.0.0.0/8', '192.168.0.0/16'],
  'IngressRule.except': ['10.1.0.0/16'],
  'NameserverConfig.address': ['1.1.1.1', '8.8.8.8'],
  'BGPNeighborConfig.address': ['10.0.0.9', 'fd00::9'],
  'WireguardPeer.endpoint': ['10.0.0.1:51820', '10.0.0.2:51820'],
  allowedIPs: ['10.2.0.0/16', '10.3.0.0/16'],
  destination: ['10.9.0.0/16', '0.0.0.0/0'],
  'RouteConfig.gateway': ['10.0.0.254', '10.0.0.253'],
  'RouteConfig.source': ['10.0.0.1'],
  routerID: ['1.2.3.4', '4.3.2.1'],
  routeSource: ['10.0.0.7', '10.0.0.8'],
  src: ['10.0.0.0/24', '10.0.1.0/24'],
  dst: ['10.0.2.0/24', '10.0.3.0/24'],
  'BGPImportRoute.prefixes': ['10.0.0.0/24'],
  'KubeNetworkConfig.podSubnets': ['10.244.0.0/16', 'fd00:1::/56'],
  'KubeNetworkConfig.serviceSubnets': ['10.96.0.0/12', 'fd00:2::/112'],
  'KubeSpanFiltersConfig.excludeAdvertisedNetworks': ['192.168.1.0/24'],
  extraAnnouncedEndpoints: ['1.2.3.4:51820', '1.2.3.5:51820'],
  arpIpTargets: ['10.0.0.3'],
  nsIp6Targets: ['fd00::3'],
  hardwareAddr: ['52:54:00:00:00:01', '52:54:00:00:00:02'],
  duidRaw: ['00:01:02:03', '00:01:02:04'],
  bondMode: ['balance-rr', '802.3ad'],
  xmitHashPolicy: ['layer2', 'layer3+4'],
  'BondConfig.arpValidate': ['none', 'all'],
  'BondConfig.arpAllTargets': ['any', 'all'],
  'BondConfig.lacpRate': ['slow', 'fast'],
  'BondConfig.failOverMac': ['none', 'active'],
  'BondConfig.adSelect': ['stable', 'count'],
  adLACPActive: ['on', 'off'],
  'BondConfig.primaryReselect': ['always', 'failure'],
  clientIdentifier: ['none', 'mac', 'duid'],
  auto: ['off', 'stable'],
  table: ['main', 'local', '100'],
  action: ['unicast', 'blackhole'],
  vlanMode: ['802.1q', '802.1ad'],
  wakeOnLan: ['phy', 'magic'],
  'RulePortSelector.protocol': ['tcp', 'udp'],
  'NameserverConfig.protocol': ['Do53', 'DoT'],
  'NetworkDefaultActionConfig.ingress': ['accept', 'block'],
  match: ['disk.size > 1u', 'disk.size > 2u'],
  'RAIDVolumeSelector.match': ['volume.size > 1u'],
  'LVMVolumeSelectorSpec.match': ['volume.size > 1u', 'volume.size > 3u'],
  'VolumeSelector.match': ['volume.size > 1u', 'volume.size > 4u'],
  'LinkSelector.match': ['link.type == 1', 'link.mtu > 3u'],
  triggerExpression: ['memory_full_avg10 > 1.0', 'memory_full_avg10 > 2.0'],
  cgroupRankingExpression: ['double(memory_current)', '1.0'],
  minSize: ['1GiB', '2GiB'],
  minAllocationGroupSize: ['1GiB', '2GiB'],
  maxSize: ['10GiB', '50%', '20GiB', '60%'],
  'EncryptionSpec.provider': ['none', 'luks2'],
  'FilesystemSpec.type': ['none', 'xfs', 'ext4'],
  filesystemType: ['none', 'virtiofs'],
  volumeType: ['directory', 'partition'],
  'LVMLogicalVolumeConfig.type': ['linear', 'raid1'],
  level: ['raid1', 'raid10'],
  metadata: ['1.0', '1.2'],
  'InstallDiskSelector.size': ['>= 4GB', '<= 1TB'],
  crt: ['Zm9v', 'YmFy'],
  'OnlyKey.key': ['Zm9v', 'YmFy'],
  'Pair.key': ['Zm9v', 'YmFy'],
  'RegistryTLS.ca': ['Zm9v', 'YmFy'],
}
/** What a pointer or an address cannot be. */
const NEVER_EMPTY = new Set(Object.keys(WORDS).map((key) => key.split('.').at(-1) ?? key))

export function randomDocument(random: Random, kind: string, patch: boolean): Record<string, Plain> {
  const document = randomStruct(random, kind, patch, 0)
  // Talos takes a document with a name for one without when the name is empty.
  if ('name' in document || fieldsOf(kind).has('name')) document['name'] = kind === LEGACY ? '' : 'one'
  return kind === LEGACY
    ? { version: 'v1alpha1', ...document, machine: document['machine'] ?? {} }
    : { ...document, apiVersion: 'v1alpha1', kind }
}

export const KINDS: readonly string[] = [...typeTable().kinds]

export const toYaml = (documents: readonly Plain[]): string => documents.map((each) => stringify(each)).join('---\n')

function randomStruct(random: Random, name: string, patch: boolean, depth: number): Record<string, Plain> {
  const found: Record<string, Plain> = {}
  for (const { key, type } of fieldsOf(name).values()) {
    if (key === 'apiVersion' || key === 'kind' || !random.chance(depth < 2 ? 0.35 : 0.5)) continue
    if (patch && random.chance(0.06)) found[key] = { $patch: 'delete' }
    else found[key] = randomValue(random, type, `${name}.${key}`, patch, depth + 1)
  }
  return found
}

function randomValue(random: Random, type: FieldType, at: string, patch: boolean, depth: number): Plain {
  if (random.chance(0.06)) return null
  const key = at.slice(at.indexOf('.') + 1)
  const words = WORDS[at] ?? WORDS[key]
  switch (type.kind) {
    case 'pointer':
      return randomValue(random, type.to, at, patch, depth)
    case 'struct':
      return randomStruct(random, type.name, patch, depth)
    case 'list':
      return Array.from({ length: random.int(3) }, () => randomItem(random, type.of, at, patch, depth))
    case 'map':
      return randomMap(random, () => memberOf(type.of, randomValue(random, type.of, at, patch, depth + 1)), patch)
    case 'args':
      return randomMap(random, () => (random.chance(0.5) ? random.pick(['a', 'b', '']) : ['x', 'z']), patch)
    case 'any':
      return randomMap(random, () => randomFree(random, depth), patch)
    case 'bool':
      return random.chance(0.5)
    case 'int':
      return random.int(3)
    case 'mode':
      return random.pick([0o600, 0o644])
    case 'scalar':
      return random.pick([80, 443])
    case 'duration':
      return random.pick(['1m0s', '2h0m0s', '0s'])
    case 'url':
      return random.pick(['https://a.example:6443/x', 'http://b.example', 'https://a.example/y?z=1', 'tcp://c:1', ''])
    default:
      if (words) return random.pick(words)
      return NEVER_EMPTY.has(key) ? random.pick(['a', 'b']) : random.pick(['a', 'b', ''])
  }
}

/** Talos 1.14 refuses a null where a struct is behind a pointer. */
const memberOf = (of: FieldType, value: Plain): Plain => (of.kind === 'pointer' ? (value ?? {}) : value)

function randomItem(random: Random, of: FieldType, at: string, patch: boolean, depth: number): Plain {
  const struct = of.kind === 'struct' || of.kind === 'pointer' || of.kind === 'any'
  const item = randomValue(random, of, at, false, depth) ?? (struct ? {} : 'a')
  if (!patch || typeof item !== 'object' || item === null || Array.isArray(item) || !random.chance(0.15)) return item
  return { ...item, $patch: 'delete' }
}

function randomMap(random: Random, value: () => Plain, patch: boolean): Record<string, Plain> {
  const keys = ['k1', 'k2', 'k3'].filter(() => random.chance(0.5))
  return Object.fromEntries(keys.map((key) => [key, patch && random.chance(0.1) ? { $patch: 'delete' } : value()]))
}

function randomFree(random: Random, depth: number): Plain {
  if (depth < 5 && random.chance(0.3)) return randomMap(random, () => randomFree(random, depth + 1), false)
  if (depth < 5 && random.chance(0.2)) return [randomFree(random, depth + 1)]
  return random.pick<Plain>(['a', 'b', '', 0, 1, 1.5, true, false])
}
