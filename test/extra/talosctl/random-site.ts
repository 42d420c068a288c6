import { parseAllDocuments, stringify } from 'yaml'
import { readFileSync } from 'node:fs'
import { contractFor, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { REPOSITORY } from '#test/support/run-cli.ts'
import type { Random } from '#test/support/random.ts'

type Members = Record<string, unknown>

/** The site of an example with a cluster that says something else of everything that a person may say of its Talos. */
export function randomSite(random: Random, contract: TalosContract): string {
  const example = readFileSync(`${REPOSITORY}examples/homelab.yaml`, 'utf8')
  const documents = parseAllDocuments(example).map((document) => document.toJS() as Members)
  const cluster = documents.find((document) => document['kind'] === 'Cluster')
  const others = documents.filter((document) => document !== cluster)
  const { first, last } = contractFor(contract).kubernetes
  const some = <T>(value: T, probability = 0.4): T | undefined => (random.chance(probability) ? value : undefined)
  const spec: Members = {
    ...(cluster?.['spec'] as Members),
    talos: {
      version: `v${contract}.${random.int(3)}`,
      extensions: some(['qemu-guest-agent']),
      kernelModules: some([{ name: 'br_netfilter' }, { name: 'nvme_tcp', parameters: ['a=1'] }]),
      sysctls: some({ 'vm.nr_hugepages': '1024', 'net.ipv4.ip_forward': '1' }),
      registries: some({
        mirrors: { 'docker.io': { endpoints: ['https://mirror.home.arpa', 'http://10.0.0.9:5000/x'] } },
        tls: some({ 'mirror.home.arpa': { insecureSkipVerify: true } }),
      }),
      diskEncryption: some({
        state: some([{ kind: 'node-id' }], 0.7),
        ephemeral: [random.pick([{ kind: 'node-id', lockToState: true }, { kind: 'tpm' }])],
      }),
      timeServers: some(['192.168.1.1', 'time.example.com']),
      discovery: some({ enabled: random.chance(0.5) }),
      hostDns: some(random.chance(0.7)),
      workloadIsolation: contract === '1.14' ? some(random.chance(0.5)) : undefined,
      certSANs: some(['home.example.com', '10.9.9.9']),
      patches: some([{ apiVersion: 'v1alpha1', kind: 'WatchdogTimerConfig', device: '/dev/watchdog0' }, DUMMY]),
    },
    kubernetes: {
      version: `v1.${first + random.int(last - first + 1)}.${random.int(4)}`,
      cni: some(random.pick([{ name: 'flannel' }, { name: 'none' }])),
      podSubnets: some(['10.32.0.0/14']),
      serviceSubnets: some(['10.40.0.0/16']),
      dnsDomain: some('home.local'),
      kubePrism: some({ enabled: random.chance(0.7), port: 7445 }),
      extraManifests: some(['https://mirror.home.arpa/metrics-server.yaml']),
    },
    controlPlane: {
      class: 'cp-small',
      schedulable: random.chance(0.5),
      nodeLabels: some({ 'topology.kubernetes.io/zone': 'a' }),
      nodeTaints: some({ 'home.arpa/slow': 'PreferNoSchedule' }),
      nodeAnnotations: some({ 'home.arpa/owner': 'ana' }),
      machines: { 'cp-0': '192.168.1.51', ...some({ 'cp-1': '192.168.1.52', 'cp-2': '192.168.1.53' }) },
    },
    workers: some({ pool: { class: 'cp-small', count: 2 } }),
  }
  return [...others, { ...cluster, spec }].map((document) => stringify(document)).join('---\n')
}

const DUMMY = 'apiVersion: v1alpha1\nkind: DummyLinkConfig\nname: dummy0\naddresses: [{address: 10.99.0.1/32}]\n'
