import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { contractFor, TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { MachineConfigInput } from '#core/talos/machine-config-input.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { formatSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { seededRandom, type Random } from '#test/support/random.ts'
import { callCli } from '#test/support/run-cli.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { askPeer, PEERS, print, type Peer } from './peer.ts'

/** Random inputs through `lanline talos config`, through the renderer, and through Talos' own generator. */
const CASES = Number(process.env['LANLINE_TALOS_GENERATE_CASES'] ?? '150')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_GENERATE_SEED'] ?? '1')

const ENDPOINTS = [
  'https://192.168.1.50:6443',
  'https://10.0.0.1',
  'https://[fd00::1]:6443',
  'https://[2001:db8::7]',
  'https://kube.example.com:443',
  'https://KUBE.example.com',
  'https://kube.example.com:6443/',
  'https://kube.example.com:6443/some/path',
  'https://under_score.example:6443',
  'https://example.com:',
  'https://admin@example.com:6443/a?b=c#d',
  'https://example.com/a%20b',
]
const BAD_ENDPOINTS = [
  'https://',
  'https://:6443',
  'https://h:0',
  'https://h:65536',
  'https://h:x',
  'https://fd00::1:6443',
  'https://a b',
]

const SANS = ['10.1.1.1', 'kube.example.com', 'fd00::5', '*.example.com']
const pickSome = (random: Random, items: readonly string[]): readonly string[] => items.filter(() => random.chance(0.4))
const maybe = <T>(random: Random, value: T): T | undefined => (random.chance(0.4) ? value : undefined)

function kubernetesFor(random: Random, contract: TalosContract): string {
  const { first, last } = contractFor(contract).kubernetes
  return `1.${first + random.int(last - first + 1)}.${random.int(20)}`
}

const read = (text: string): unknown => [...parseAllDocuments(text)].map((document) => document.toJS() as unknown)

const request = (asked: object) => ({ Op: 'generate', ...asked })

function aesCbc(bundle: SecretsBundle): SecretsBundle {
  const { secretboxencryptionsecret, ...secrets } = bundle.secrets
  return { ...bundle, secrets: { ...secrets, aescbcencryptionsecret: secretboxencryptionsecret } }
}

interface Case {
  readonly seed: number
  readonly ask: object
  readonly ours: string
}

function differences(peer: Peer, cases: readonly Case[], what: string): readonly object[] {
  const theirs = askPeer(
    peer.program ?? '',
    cases.map(({ ask }) => ask),
  )
  const different = cases
    .map(({ seed, ask, ours }, index) => ({ seed, ask, ours, ...theirs[index]! }))
    .filter(({ ours, Out, Err }) => Err !== '' || !isDeepStrictEqual(read(ours), read(Out)))
  print(`extra: Talos ${peer.library}, ${what}: ${cases.length - different.length} of ${cases.length} equal`)
  return different
}

describe.each(PEERS)('$variable', (peer) => {
  test('talos config prints what upstream generates', { timeout: 300_000 }, async ({ skip }) => {
    if (peer.program === undefined) return skip('needs test/extra/talos-generate')
    const folder = await mkdtemp(join(tmpdir(), 'lanline-generate-'))
    try {
      const secrets = join(folder, 'secrets.yaml')
      const text = formatSecretsBundle(await aBundle())
      await writeFile(secrets, text, { mode: 0o600 })
      const cases: Case[] = []
      for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
        const random = seededRandom(seed)
        const contract = random.pick(peer.contracts)
        const kubernetes = kubernetesFor(random, contract)
        const type = random.pick(['controlplane', 'worker'])
        const [endpoint, sans] = [random.pick(ENDPOINTS), pickSome(random, SANS)]
        const [domain, image] = [maybe(random, 'home.arpa'), maybe(random, 'registry.example.com/installer:v1')]
        const [disk, discovery] = [
          maybe(random, random.pick(['/dev/vda', '', '/dev/disk/by-id/a"b'])),
          maybe(random, random.chance(0.5)),
        ]
        const mirrors = maybe(random, {
          'ghcr.io': ['https://a.example', 'http://10.0.0.9:5000/x'],
          'docker.io': ['https://b.example/'],
        })
        const run = await callCli([
          'talos',
          'config',
          '--secrets',
          secrets,
          '--cluster',
          `c-${seed}`,
          '--endpoint',
          endpoint,
          '--type',
          type,
          '--kubernetes',
          random.chance(0.5) ? kubernetes : `v${kubernetes}`,
          '--contract',
          contract,
          ...(sans.length > 0 ? ['--additional-sans', ...sans] : []),
          ...(domain === undefined ? [] : ['--dns-domain', domain]),
          ...(image === undefined ? [] : ['--install-image', image]),
          ...(disk === undefined ? [] : ['--install-disk', disk]),
          ...(discovery === undefined ? [] : [`--with-cluster-discovery=${discovery}`]),
          ...Object.entries(mirrors ?? {}).flatMap(([host, urls]) =>
            urls.flatMap((url) => ['--registry-mirror', `${host}=${url}`]),
          ),
        ])
        expect(run, `seed ${seed}`).toMatchObject({ code: 0, err: '' })
        const ask = request({
          Secrets: text,
          Cluster: `c-${seed}`,
          Endpoint: endpoint,
          Type: type,
          Kubernetes: kubernetes,
          Contract: contract,
          Sans: sans,
          DNSDomain: domain,
          Image: image,
          Disk: disk ?? '/dev/sda',
          Discovery: discovery,
          Mirrors: mirrors,
        })
        cases.push({ seed, ask, ours: run.out })
      }
      expect(differences(peer, cases, 'talos config')).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('the renderer writes what upstream generates', { timeout: 300_000 }, async ({ skip }) => {
    if (peer.program === undefined) return skip('needs test/extra/talos-generate')
    const bundle = await aBundle()
    const cases = Array.from({ length: CASES }, (_, index): Case => {
      const random = seededRandom(FIRST_SEED + index)
      const contract = random.pick(peer.contracts)
      const kubernetes = kubernetesFor(random, contract)
      const [cni, apiPort] = [maybe(random, 'https://example.com/cni.yaml'), maybe(random, 5443)]
      const [kernelArgs, sysctls] = [maybe(random, ['a=b', 'c']), maybe(random, { 'net.a': '1', foo: 'bar' })]
      const [kubePrism, scheduling] = [maybe(random, random.pick([0, 7000])), random.chance(0.5)]
      const role = random.pick(['controlplane', 'worker'] as const)
      // Kernel arguments and a boot by UKI exclude each other in 1.12 and later; upstream generates them all the same.
      const input: MachineConfigInput = {
        contract,
        bundle,
        cluster: {
          name: 'home',
          endpoint: 'https://base:6443',
          kubernetesVersion: `v${kubernetes}`,
          schedulableControlPlanes: scheduling,
          excludeControlPlanesFromLoadBalancers: true,
          apiPort,
          cni: cni === undefined ? undefined : { name: 'custom', urls: [cni] },
          kubePrism: kubePrism === undefined ? undefined : { enabled: kubePrism > 0, port: kubePrism },
        },
        machine: { role, nics: [], nameservers: [], certSANs: [], kernelArgs, sysctls },
      }
      const ask = request({
        Secrets: formatSecretsBundle(bundle),
        Cluster: 'home',
        Endpoint: 'https://base:6443',
        Kubernetes: kubernetes,
        Contract: contract,
        Type: role,
        CNI: cni,
        APIPort: apiPort,
        KernelArgs: kernelArgs,
        Sysctls: sysctls,
        KubePrism: kubePrism,
        Scheduling: scheduling,
      })
      return { seed: FIRST_SEED + index, ask, ours: renderMachineConfig(input) }
    })
    expect(differences(peer, cases, 'renderer')).toEqual([])
  })

  test('endpoints that upstream refuses are refused', async ({ skip }) => {
    if (peer.program === undefined) return skip('needs test/extra/talos-generate')
    for (const endpoint of BAD_ENDPOINTS) {
      const run = await callCli([
        'talos',
        'config',
        '--secrets',
        '/nonexistent',
        '--cluster',
        'a',
        '--endpoint',
        endpoint,
        '--type',
        'worker',
        '--kubernetes',
        '1.34.0',
        '--contract',
        peer.library,
      ])
      expect(run).toMatchObject({ code: 2, out: '', err: expect.stringContaining('The endpoint ') as string })
    }
  })

  test('a bundle with an AES-CBC secret keeps its provider and the name of its key, where upstream does not', async ({
    skip,
  }) => {
    if (peer.program === undefined) return skip('needs test/extra/talos-generate')
    const bundle = aesCbc(await aBundle())
    for (const contract of TALOS_CONTRACTS) {
      const text = renderMachineConfig({
        contract,
        bundle,
        cluster: {
          name: 'a',
          endpoint: 'https://a:6443',
          kubernetesVersion: 'v1.34.0',
          schedulableControlPlanes: false,
        },
        machine: { role: 'controlplane', nics: [], nameservers: [], certSANs: [] },
      })
      expect(text).toContain(bundle.secrets.aescbcencryptionsecret)
      expect(text).toContain(contract === '1.14' ? 'aescbc:' : 'aescbcEncryptionSecret:')
      if (!peer.contracts.includes(contract)) continue
      const [verdict] = askPeer(peer.program, [{ Op: 'validate', Text: text, Mode: 'cloud' }])
      expect(verdict).toMatchObject({ Err: '' })
    }
  })
})
