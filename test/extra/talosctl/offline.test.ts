import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contractFor, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { formatSecretsBundle } from '#core/talos/secrets-bundle.ts'
import { LEGACY } from '#core/talos/merge/types/notation.ts'
import { KINDS, randomDocument, toYaml } from '#test/core/talos/merge/random-config.ts'
import { seededRandom, type Random } from '#test/support/random.ts'
import { callCli, REPOSITORY } from '#test/support/run-cli.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { askPeer, PEERS, print } from '../talos-generate/peer.ts'
import { randomSite } from './random-site.ts'

/**
 * The offline commands and the real talosctl over the same files: LANLINE_TALOSCTL names its binary, whose minor is the
 * newest that it is asked about. What is newer is judged by the library of that minor, where test/extra/talos-generate
 * is built for it; that is what `talosctl validate` calls.
 */
const BINARY = process.env['LANLINE_TALOSCTL']
if (BINARY === undefined)
  print(
    'talosctl: LANLINE_TALOSCTL does not name a talosctl of 1.12 or newer, so the offline commands were compared with nothing',
  )
const FIRST_SEED = Number(process.env['LANLINE_TALOSCTL_SEED'] ?? '1')
const SITES = 30
const MERGES = 200
const COMMAND_LINES = 30
const LONG_MS = 600_000

const EXAMPLES = ['homelab', 'dual-network', 'talos-settings']
const read = (text: string): unknown => [...parseAllDocuments(text)].map((document) => document.toJS() as unknown)

describe.skipIf(BINARY === undefined)('talosctl over what the offline commands write', () => {
  const dir = mkdtempSync(join(tmpdir(), 'lanline-talosctl-offline-'))
  afterAll(() => rmSync(dir, { recursive: true }))
  const talosctl = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(BINARY ?? '', args, { encoding: 'utf8', env: { HOME: dir } })
    return { code: status ?? -1, out: stdout, err: stderr }
  }
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  const secrets = join(dir, 'secrets.yaml')
  let contracts: readonly TalosContract[] = []
  beforeAll(async () => {
    file('secrets.yaml', formatSecretsBundle(await aBundle()))
    const tag = /Tag: +v(1\.\d+)/.exec(talosctl('version', '--client').out)?.[1]
    contracts = (['1.12', '1.13', '1.14'] as const).filter((minor) => Number(minor.slice(2)) <= Number(tag?.slice(2)))
    if (contracts.length === 0) throw new Error(`${BINARY} names no version`)
  })

  test('takes every machine that render writes, strictly', { timeout: LONG_MS }, async () => {
    const newer = PEERS.find(({ library }) => library === '1.14')?.program
    const files: { name: string; path: string; contract: TalosContract }[] = EXAMPLES.map((name) => ({
      name,
      path: `${REPOSITORY}examples/${name}.yaml`,
      contract: name === 'talos-settings' ? '1.14' : '1.13',
    }))
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SITES; seed++) {
      const random = seededRandom(seed)
      const contract = random.pick(newer === undefined ? contracts : (['1.12', '1.13', '1.14'] as const))
      files.push({ name: `site ${seed}`, path: file(`site-${seed}.yaml`, randomSite(random, contract)), contract })
    }
    const refused: string[] = []
    let machines = 0
    for (const { name, path, contract } of files) {
      const { code, out, err } = await callCli(['render', '-f', path, '--secrets', secrets])
      expect(code === 0 ? '' : `${name}: ${err}`).toBe('')
      for (const text of out.split(/^---\n# /m).slice(1)) {
        const [label = ''] = text.split('\n', 1)
        const config = text.slice(label.length + 1)
        machines += 1
        if (contracts.includes(contract)) {
          const said = talosctl('validate', '--strict', '-m', 'cloud', '-c', file('machine.yaml', config))
          if (said.code !== 0) refused.push(`${name} ${label}: ${said.err}`)
        } else if (newer !== undefined) {
          const [said] = askPeer(newer, [{ Op: 'validate', Text: config, Mode: 'cloud', Strict: true }])
          if (said?.Err !== '') refused.push(`${name} ${label}: ${said?.Err}`)
        }
      }
    }
    print(`extra: talosctl validate takes ${machines - refused.length} of ${machines} rendered machines strictly`)
    expect(refused).toEqual([])
  })

  test('patches as merge does', { timeout: LONG_MS }, async () => {
    const kinds = KINDS.filter((kind) => kind !== LEGACY && isKnown(kind))
    const counts = { equal: 0, refusedByBoth: 0, values: 0 }
    const different: string[] = []
    for (let seed = FIRST_SEED; seed < FIRST_SEED + MERGES; seed++) {
      const { config, patches } = randomMerge(seededRandom(seed), kinds)
      const base = file('config.yaml', config)
      const names = patches.map((patch, index) => file(`patch-${index}.yaml`, patch))
      const theirs = talosctl('machineconfig', 'patch', base, ...names.flatMap((name) => ['--patch', `@${name}`]))
      const ours = await callCli(['talos', 'merge', base, ...names, '--contract', contracts.at(-1) ?? '1.13'])
      if (theirs.code !== 0 && ours.code !== 0) counts.refusedByBoth += 1
      else if (theirs.code !== 0 && ABOUT_VALUES.test(theirs.err)) counts.values += 1
      else if (theirs.code === 0 && ours.code === 0 && same(ours.out, theirs.out)) counts.equal += 1
      else different.push(`seed ${seed}: ${theirs.err.slice(0, 200)} | ${ours.err.slice(0, 200)}`)
    }
    print(`extra: talosctl machineconfig patch: ${JSON.stringify(counts)}, ${different.length} different`)
    expect(different).toEqual([])
  })

  /** A kind that this talosctl has. */
  const isKnown = (kind: string): boolean =>
    !talosctl(
      'machineconfig',
      'patch',
      file('kind.yaml', `apiVersion: v1alpha1\nkind: ${kind}\n`),
      '--patch',
      'machine: {}',
    ).err.includes('not registered')

  /** Both as talosctl writes them: a patch of nothing reads a configuration and writes it again. */
  function same(ours: string, theirs: string): boolean {
    if (isDeepStrictEqual(read(ours), read(theirs))) return true
    const again = [ours, theirs].map((text, index) => {
      // Talos writes this for a rule without a protocol, and cannot read it.
      const name = file(`again-${index}.yaml`, text.replaceAll(/ *protocol: Protocol\(0\)\n/g, ''))
      return talosctl('machineconfig', 'patch', name, '--patch', 'machine: {}').out
    })
    return again[0] !== '' && isDeepStrictEqual(read(again[0] ?? ''), read(again[1] ?? ''))
  }

  test('generates what config prints', { timeout: LONG_MS }, async () => {
    const different: string[] = []
    for (let seed = FIRST_SEED; seed < FIRST_SEED + COMMAND_LINES; seed++) {
      const random = seededRandom(seed)
      const contract = random.pick(contracts)
      const line = randomCommandLine(random, contract)
      const { cluster, endpoint, kubernetes, type } = line
      const generated = talosctl(
        ...words(`gen config ${cluster} ${endpoint} --with-secrets ${secrets} --talos-version v${contract}`),
        ...words(`--kubernetes-version ${kubernetes} --output-types ${type} --output -`),
        ...words('--with-docs=false --with-examples=false'),
        ...line.sans.flatMap((name) => ['--additional-sans', name]),
        ...line.flags,
      )
      const ours = await callCli([
        ...words(`talos config --secrets ${secrets} --cluster ${cluster} --endpoint ${endpoint} --type ${type}`),
        ...words(`--kubernetes ${kubernetes} --contract ${contract}`),
        ...(line.sans.length > 0 ? ['--additional-sans', ...line.sans] : []),
        ...line.flags,
      ])
      if (generated.code !== 0 || ours.code !== 0 || !isDeepStrictEqual(read(ours.out), read(generated.out)))
        different.push(`seed ${seed}: ${generated.err} | ${ours.err}`)
    }
    print(`extra: talosctl gen config: ${COMMAND_LINES - different.length} of ${COMMAND_LINES} equal`)
    expect(different).toEqual([])
  })
})

const words = (line: string): readonly string[] => line.split(' ')

/** What talosctl refuses while it reads a document and a merge does not look at, and fields it does not know. */
const ABOUT_VALUES = /invalid|pars|netip|unknown keys|conflicting documents|error decoding|failed to delete path|panic/i

function randomMerge(
  random: Random,
  known: readonly string[],
): { readonly config: string; readonly patches: readonly string[] } {
  const kinds = [random.chance(0.6) ? LEGACY : random.pick(known), random.pick(known)].filter(
    (kind, at, all) => all.indexOf(kind) === at,
  )
  const config = toYaml(kinds.map((kind) => randomDocument(random, kind, false)))
  const patches = Array.from({ length: 1 + random.int(2) }, () =>
    toYaml([randomDocument(random, random.pick(kinds), true)]),
  )
  return { config, patches }
}

function randomCommandLine(random: Random, contract: TalosContract) {
  const { first, last } = contractFor(contract).kubernetes
  const some = (...flags: readonly string[]): readonly string[] => (random.chance(0.4) ? flags : [])
  return {
    cluster: random.pick(['home', 'c-1', 'lab.example']),
    endpoint: random.pick(['https://192.168.1.50:6443', 'https://kube.example.com', 'https://[fd00::1]:6443']),
    kubernetes: `1.${first + random.int(last - first + 1)}.${random.int(9)}`,
    type: random.pick(['controlplane', 'worker']),
    sans: ['10.1.1.1', 'kube.example.com', 'fd00::5'].filter(() => random.chance(0.4)),
    flags: [
      // talosctl names the installer of its own version where none is given.
      '--install-image',
      'registry.example.com/installer:v1',
      ...some('--install-disk', random.pick(['/dev/vda', '/dev/disk/by-id/x'])),
      ...some('--dns-domain', 'home.arpa'),
      ...some('--registry-mirror', 'ghcr.io=https://a.example'),
      ...some('--with-cluster-discovery=false'),
      ...some('--with-kubespan'),
      ...some('--config-patch', '{"machine":{"sysctls":{"net.a":"1"}}}'),
    ],
  }
}
