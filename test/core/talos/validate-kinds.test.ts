import { describe, expect, test } from 'vitest'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'

/** What Talos 1.12.6, 1.13.9 and 1.14.1 said to the same documents (test/extra/talos-generate asks them). */
const faultsOf = async (document: string, contract: TalosContract = '1.14'): Promise<readonly string[]> => {
  const base = aConfigInput(await aBundle(), { cluster: { kubernetesVersion: 'v1.34.2' } })
  const config = `${renderMachineConfig({ ...base, contract })}---\napiVersion: v1alpha1\n${document}\n`
  return validateConfig(config, { minor: contract, role: 'controlplane' }).map(
    ({ field, message }) => `${field} ${message}`,
  )
}

describe('a document that upstream refuses is refused, and its field is named', () => {
  test.each([
    ['kind: WatchdogTimerConfig', 'device is missing'],
    ['kind: EventSinkConfig\nendpoint: 10.0.0.1', 'endpoint is not a host with a port'],
    ['kind: NetworkRuleConfig\nname: a\nportSelector: {ports: []}', 'portSelector.ports needs at least one port'],
    ['kind: BlackholeRouteConfig\nname: a', 'name must be a network'],
    ['kind: StaticHostConfig\nname: 10.0.0.1', 'hostnames needs at least one name'],
    ['kind: RawVolumeConfig\nname: a\nprovisioning: {minSize: 1GiB}', 'provisioning.diskSelector.match is missing'],
    [
      'kind: UserVolumeConfig\nname: a\nprovisioning: {diskSelector: {match: system_disk}}',
      'provisioning needs minSize or maxSize',
    ],
    [
      'kind: UserVolumeConfig\nname: a\nvolumeType: directory\nfilesystem: {type: xfs}',
      'filesystem is not for a directory',
    ],
    [
      'kind: UserVolumeConfig\nname: a\nprovisioning: {diskSelector: {match: system_disk}, minSize: 1GiB}\nencryption: {provider: none, keys: [{nodeID: {}}]}',
      'encryption.provider is missing',
    ],
    [
      'kind: EthernetConfig\nname: eth0\nwakeOnLan: [often]',
      'wakeOnLan[0] is none of phy, unicast, multicast, broadcast, magic, magicsecure, filter',
    ],
    ['kind: VolumeConfig\nname: DATA', 'name is none of STATE, EPHEMERAL, IMAGECACHE, ETCD, CRI, KUBELET, LOG'],
    ['kind: ExistingVolumeConfig\nname: a', 'discovery.volumeSelector.match is missing'],
    ['kind: ExtensionServiceConfig\nname: a', 'configFiles or an environment is needed'],
    [
      'kind: RegistryAuthConfig\nname: a\nusername: b\nidentityToken: c',
      ' takes one of username and password, auth and identityToken',
    ],
    ['kind: RegistryTLSConfig\nname: a\nca: none', 'ca is not a certificate in PEM'],
    ['kind: SideroLinkConfig\napiUrl: https://a/b', 'apiUrl cannot have a path'],
    [
      'kind: DHCPv4Config\nname: a\nduidRaw: "00:01"',
      'duidRaw belongs to the clientIdentifier duid, and has to be there with it',
    ],
    ['kind: VRFConfig\nname: a\ntable: main', 'table is one of the system'],
    [
      'kind: RoutingRuleConfig\nname: "32500"\ntable: "100"',
      'name must be a priority from 1 to 32765 that Talos does not use itself',
    ],
    ['kind: WireguardConfig\nname: a\nprivateKey: b', 'privateKey must be base64 of 32 bytes'],
    [
      'kind: BGPInstanceConfig\nname: a\nlocalASN: 1\nneighbors: [{peerASN: 2}]',
      'neighbors[0] needs an address or a link, and not both',
    ],
    ['kind: KubeTalosAPIAccessConfig\nallowedRoles: [admin]', 'allowedRoles[0] is none of'],
    [
      'kind: ImageVerificationConfig\nrules: [{image: "*"}]',
      'rules[0] needs exactly one of skip, deny, keyless and publicKey',
    ],
    [
      'kind: DummyLinkConfig\nname: a\nroutes: [{destination: 0.0.0.0/0, gateway: 10.0.0.1}]',
      'routes[0].destination is not a network',
    ],
    ['kind: KernelModuleConfig\nname: ""', 'name is missing'],
    ['kind: BondConfig\nname: a\nbondMode: 802.3ad\nlinks: [~]', 'links needs at least one link'],
    ['kind: DHCPv4Config\nname: a\nrouteMetric: -1', 'routeMetric is not a whole number from 0 to 4294967295'],
    ['kind: VLANConfig\nname: a\nparent: b\nvlanID: 70000', 'vlanID is not a whole number from 0 to 65535'],
    [
      'kind: KubeSpanEndpointsConfig\nextraAnnouncedEndpoints: [10.0.0.1]',
      'extraAnnouncedEndpoints[0] is not an address with a port',
    ],
  ])('%s', async (document, words) => {
    expect((await faultsOf(document)).map((fault) => fault.slice(0, words.length))).toEqual([words])
  })
})

describe('a document that upstream takes is taken', () => {
  test.each([
    'kind: KubeSpanEndpointsConfig\nextraAnnouncedEndpoints: ["10.0.0.1:51820"]',
    'kind: ImageVerificationConfig\nrules: [{image: "ghcr.io/*", skip: true}]',
    'kind: BridgeConfig\nname: br0',
    'kind: VRFConfig\nname: vrf0\ntable: "100"',
    'kind: PCIDriverRebindConfig\nname: "0000:04:00.0"',
    'kind: RoutingRuleConfig\nname: "100"\naction: blackhole',
    'kind: UserVolumeConfig\nname: a\nvolumeType: directory\nprovisioning: {diskSelector: {}, maxSize: null}',
    'kind: UserVolumeConfig\nname: a\nvolumeType: directory\nfilesystem: {type: none}',
    'kind: UserVolumeConfig\nname: a\nvolumeType: directory\nencryption: {provider: none, keySize: 0}',
    'kind: UserVolumeConfig\nname: a\nprovisioning: {diskSelector: {match: system_disk}, minSize: 1GiB}\nencryption: {keySize: 2}',
    'kind: StaticHostConfig\nname: 10.0.0.1\nhostnames: [null, a]',
    'kind: DummyLinkConfig\nname: a\nroutes: [{gateway: ""}]',
    'kind: ContainerConfig\nname: a\nimage: ghcr.io/a/b:v1\nsecurity: {profile: privileged, machinedAccess: true}',
  ])('%s', async (document) => {
    expect(await faultsOf(document)).toEqual([])
  })

  test.each([
    ['1.12', 'OOMConfig', 'strictCgroupClassOrdering is known from Talos 1.13 on'],
    ['1.12', 'VolumeConfig', 'name is none of STATE, EPHEMERAL, IMAGECACHE'],
  ] as const)('Talos %s does not know yet what newer ones do of %s', async (minor, kind, words) => {
    const document = kind === 'OOMConfig' ? 'strictCgroupClassOrdering: true' : 'name: LOG'
    expect(await faultsOf(`kind: ${kind}\n${document}`, minor)).toEqual([words])
    expect(await faultsOf(`kind: ${kind}\n${document}`)).toEqual([])
  })
})

describe('what the main document has to say differs by the minor', () => {
  const faults = (main: string, minor: TalosContract) =>
    validateConfig(`version: v1alpha1\n${main}`, { minor, role: 'worker' }).map(
      ({ field, message }) => `${field} ${message}`,
    )
  test.each([
    ['1.12', true],
    ['1.13', true],
    ['1.14', false],
  ] as const)('Talos %s asks for the endpoint there: %s', (minor, asks) => {
    const missing = faults('machine: {type: worker}\ncluster: {clusterName: a}\n', minor)
    expect(missing.includes('cluster.controlPlane.endpoint is missing')).toBe(asks)
  })

  test.each([
    ['1.12', false],
    ['1.13', true],
  ] as const)('Talos %s refuses to forward to a DNS that is off: %s', (minor, refuses) => {
    const found = faults('machine: {type: worker, features: {hostDNS: {forwardKubeDNSToHost: true}}}\n', minor)
    const words = 'machine.features.hostDNS.forwardKubeDNSToHost needs hostDNS to be enabled'
    expect(found.includes(words)).toBe(refuses)
  })
})

describe('a hostname is given, or a way to make one', () => {
  test.each([
    ['1.12', '', ['auto or a hostname is needed']],
    ['1.12', 'auto: off', ['auto or a hostname is needed']],
    ['1.13', '', ['auto or a hostname is needed']],
    ['1.13', 'auto: off', []],
    ['1.13', 'auto: stable\nhostname: ""', []],
    ['1.14', 'hostname: cp-1', []],
  ] as const)('Talos %s: %s', async (minor, fields, faults) => {
    const base = aConfigInput(await aBundle(), { cluster: { kubernetesVersion: 'v1.34.2' } })
    const others = renderMachineConfig({ ...base, contract: minor })
      .split('---\n')
      .filter((document) => !document.includes('kind: HostnameConfig'))
    const config = [...others, `apiVersion: v1alpha1\nkind: HostnameConfig\n${fields}\n`].join('---\n')
    const found = validateConfig(config, { minor, role: 'controlplane' })
    expect(found.map(({ field, message }) => `${field} ${message}`)).toEqual(faults)
  })
})

test.each(['https://kube.example.com:6443/path', 'https://a', 'https://[fd00::1]:6443/'])(
  'the endpoint %s is fine in every contract',
  async (endpoint) => {
    const bundle = await aBundle()
    for (const contract of TALOS_CONTRACTS) {
      const input = aConfigInput(bundle, { cluster: { kubernetesVersion: 'v1.34.2', endpoint } })
      expect(
        validateConfig(renderMachineConfig({ ...input, contract }), { minor: contract, role: 'controlplane' }),
      ).toEqual([])
    }
  },
)

test.each(TALOS_CONTRACTS)('a default route is written without a destination at contract %s', async (contract) => {
  const routes = [
    { destination: '0.0.0.0/0', gateway: '10.0.0.1' },
    { destination: '::/0', gateway: 'fd00::1' },
  ]
  const nics = [{ mac: 'BC:24:11:00:00:01', addresses: ['10.0.0.2/24'], routes }]
  const input = aConfigInput(await aBundle(), { cluster: { kubernetesVersion: 'v1.34.2' }, machine: { nics } })
  const config = renderMachineConfig({ ...input, contract })
  expect(config).not.toContain('/0\n')
  expect(validateConfig(config, { minor: contract, role: 'controlplane' })).toEqual([])
})
