import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { ClusterInput, MachineConfigInput, MachineInput } from '#core/talos/machine-config-input.ts'
import { aConfigInput } from './machine-config-input.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

const CLUSTER: Partial<ClusterInput> = {
  dnsDomain: 'home.arpa',
  podSubnets: ['10.32.0.0/14'],
  serviceSubnets: ['10.40.0.0/16'],
  apiPort: 6444,
  cni: { name: 'none' },
  kubePrism: { enabled: true, port: 7446 },
  discovery: { enabled: true, endpoint: 'https://discovery.home.arpa/' },
  kubeSpan: true,
  workloadIsolation: false,
  inlineManifests: [{ name: 'greeting', contents: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: greeting\n' }],
  extraManifests: [{ name: 'metrics', url: 'https://home.arpa/metrics.yaml' }],
}

const MACHINE: Partial<MachineInput> = {
  nics: [
    {
      mac: 'BC:24:11:00:00:01',
      addresses: ['192.168.1.51/24', '2001:db8::51/64'],
      gateway: '192.168.1.1',
      mtu: 1400,
      routes: [{ destination: '10.9.0.0/16', gateway: '192.168.1.2', metric: 2000 }],
      vlans: [
        { id: 20, addresses: ['10.20.0.51/24'], routes: [{ destination: '10.21.0.0/16', gateway: '10.20.0.1' }] },
      ],
    },
    { mac: 'bc:24:11:00:00:02', addresses: ['10.30.0.51/24'] },
  ],
  nameservers: ['192.168.1.1', '2001:db8::1'],
  searchDomains: ['home.arpa'],
  timeServers: ['time.home.arpa'],
  certSANs: ['talos.home.arpa'],
  installDisk: { path: '/dev/disk/by-id/wwn-0x5000' },
  sysctls: { 'net.core.somaxconn': '65535', 'vm.nr_hugepages': '1024' },
  kernelModules: [{ name: 'nvidia' }, { name: 'nvidia_uvm', parameters: ['debug=1'] }],
  registries: {
    mirrors: [
      { name: 'ghcr.io', endpoints: ['https://mirror.home.arpa', 'http://10.0.0.9:5000'], skipFallback: true },
      { name: 'docker.io', endpoints: ['https://mirror.home.arpa'] },
    ],
    tls: [{ name: 'mirror.home.arpa', insecureSkipVerify: true }],
  },
  diskEncryption: {
    state: [{ slot: 0, kind: 'node-id' }],
    ephemeral: [
      { slot: 0, kind: 'kms', endpoint: 'grpc://kms.home.arpa:4050', lockToState: true },
      { slot: 1, kind: 'passphrase', passphrase: 'correct horse' },
      { slot: 2, kind: 'tpm' },
    ],
  },
  nodeLabels: { 'topology.kubernetes.io/zone': 'rack-1' },
  nodeAnnotations: { 'home.arpa/owner': 'ana' },
  nodeTaints: { 'home.arpa/gpu': 'yes:NoExecute' },
}

/** A machine that uses everything a configuration can say in its contract. */
export const aFullConfigInput = (
  contract: TalosContract,
  role: MachineInput['role'],
  bundle: SecretsBundle,
): MachineConfigInput => {
  const { cluster, machine } = aConfigInput(bundle, { cluster: CLUSTER, machine: { ...MACHINE, role } })
  return { contract, bundle, cluster: { ...cluster, kubernetesVersion: 'v1.34.2' }, machine }
}

/** One input per line that differs from the usual in a single point, for every such point. */
export const variedInputs = (
  contract: TalosContract,
  role: MachineInput['role'],
  bundle: SecretsBundle,
): readonly (readonly [string, MachineConfigInput])[] => {
  const kubernetesVersion = 'v1.34.2'
  const clusters = Object.entries(CLUSTER).map(
    ([key, value]) => [key, { cluster: { [key]: value } as Partial<ClusterInput>, machine: {} }] as const,
  )
  const machines = Object.entries(MACHINE).map(
    ([key, value]) => [key, { cluster: {}, machine: { [key]: value } as Partial<MachineInput> }] as const,
  )
  const more: readonly (readonly [string, { cluster: Partial<ClusterInput>; machine: Partial<MachineInput> }])[] = [
    ['nothing', { cluster: {}, machine: { nics: [], nameservers: [] } }],
    ['schedulable', { cluster: { schedulableControlPlanes: true }, machine: {} }],
    [
      'custom CNI',
      { cluster: { cni: { name: 'custom', urls: ['https://a.example/1', 'https://a.example/2'] } }, machine: {} },
    ],
    ['no KubePrism', { cluster: { kubePrism: { enabled: false } }, machine: {} }],
    ['no host DNS', { cluster: { hostDns: false }, machine: {} }],
    ['no discovery', { cluster: { discovery: { enabled: false } }, machine: {} }],
    ['no KubeSpan', { cluster: { kubeSpan: false }, machine: {} }],
    ...(contract === '1.14'
      ? [
          [
            'a disk by expression',
            { cluster: {}, machine: { installDisk: { match: 'disk.size > 100u * GB' } } },
          ] as const,
        ]
      : []),
  ]
  return [...clusters, ...machines, ...more].map(([name, { cluster, machine }]) => {
    const input = aConfigInput(bundle, { cluster: { kubernetesVersion, ...cluster }, machine: { role, ...machine } })
    return [name, { ...input, contract }] as const
  })
}
