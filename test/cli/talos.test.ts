import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatSecretsBundle, parseSecretsBundle } from '#core/talos/secrets-bundle.ts'
import { callCli, runCli } from '#test/support/run-cli.ts'

const HOMELAB = 'examples/homelab.yaml'

let folder = ''
let secrets = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanline-talos-'))
  const generated = await callCli(['talos', 'secrets', 'generate'])
  secrets = await file('secrets.yaml', generated.out)
})
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}
const documentsOf = (text: string) => [...parseAllDocuments(text)].map((each) => each.toJS() as Record<string, unknown>)

describe('talos secrets generate', () => {
  test('prints a bundle that loads, and each time another one', async () => {
    const text = await readFile(secrets, 'utf8')
    const bundle = parseSecretsBundle(text)
    expect(bundle.ok && formatSecretsBundle(bundle.value)).toBe(text)
    expect((await callCli(['talos', 'secrets', 'generate', '--contract', '1.12'])).out).not.toBe(text)
  }, 30_000)
})

describe('render', () => {
  test('prints what each machine would get, with every secret redacted', async () => {
    const run = await callCli(['render', '-f', HOMELAB])
    expect(run.code).toBe(0)
    expect(run.out.match(/^# home\/talos-node-\d$/gm)).toHaveLength(3)
    expect(run.err).toContain('placeholder')
    const main = documentsOf(run.out).find((each) => 'machine' in each)
    expect(main).toMatchObject({
      machine: { token: '******', ca: { crt: '******', key: '******' } },
      cluster: { secret: '******' },
    })
    expect(run.out).not.toMatch(/redacted|KEY-----/)
  })

  test.each(['v1.12.11', 'v1.14.0'])('redacts the documents of Talos %s as well', async (version) => {
    const text = (await readFile(HOMELAB, 'utf8')).replace('v1.13.9', version).replace('v1.36.3', 'v1.35.0')
    const run = await callCli(['render', '-f', await file('other.yaml', text), '--machine', 'talos-node-1'])
    expect(run.code).toBe(0)
    expect(documentsOf(run.out).length).toBeGreaterThan(3)
    expect(run.out).not.toMatch(/redacted|bGFubGluZS1yZWRhY3RlZ/)
  })

  test('writes a file for each machine, for the owner only, with the given secrets', async () => {
    const output = join(folder, 'machines')
    const run = await callCli(['render', '-f', HOMELAB, '--secrets', secrets, '-o', output])
    expect(run.code).toBe(0)
    expect(await readdir(output)).toEqual([
      'home-talos-node-0.yaml',
      'home-talos-node-1.yaml',
      'home-talos-node-2.yaml',
    ])
    const path = join(output, 'home-talos-node-0.yaml')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const bundle = parse(await readFile(secrets, 'utf8')) as { trustdinfo: { token: string } }
    expect(await readFile(path, 'utf8')).toContain(bundle.trustdinfo.token)
  })

  test('takes patches, and refuses one that touches what Lanline decides: nothing is written', async () => {
    const good = await file('good.yaml', 'machine: {sysctls: {vm.max_map_count: "262144"}}\n')
    expect((await callCli(['render', '-f', HOMELAB, '--patch', good])).out).toContain('vm.max_map_count: "262144"')
    const bad = await file('bad.yaml', 'machine: {type: worker}\n')
    const output = join(folder, 'never')
    const run = await callCli(['render', '-f', HOMELAB, '--patch', good, bad, '-o', output])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('patch 2: machine.type of v1alpha1 is not for patches')
    await expect(stat(output)).rejects.toThrow('ENOENT')
  })

  test('writes every file or none, and leaves what was there', async () => {
    const output = join(folder, 'half')
    await mkdir(join(output, 'home-talos-node-2.yaml', 'x'), { recursive: true })
    await writeFile(join(output, 'home-talos-node-0.yaml'), 'before')
    const run = await callCli(['render', '-f', HOMELAB, '-o', join(output, 'home-talos-node-0.yaml', 'deeper')])
    expect(run).toMatchObject({ code: 1, out: '' })
    expect(run.err).toContain('Nothing was written.')
    expect(await readdir(output)).toEqual(['home-talos-node-0.yaml', 'home-talos-node-2.yaml'])
    expect(await readFile(join(output, 'home-talos-node-0.yaml'), 'utf8')).toBe('before')
  })

  test.each([
    ['an unknown Talos', 'v1.13.9', 'v1.99.0', 'v1.99.0 is not supported; supported: 1.12, 1.13, 1.14'],
    ['a Kubernetes outside the range', 'v1.36.3', 'v1.99.0', 'v1.99.0 is not supported with Talos v1.13.9'],
    ['a network that is not there', 'nodeNetwork: lan', 'nodeNetwork: wan', 'Network/wan, which is not in these files'],
  ])('refuses %s with one error', async (_, from, to, words) => {
    const path = await file('wrong.yaml', (await readFile(HOMELAB, 'utf8')).replace(from, to))
    const run = await callCli(['render', '-f', path])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain(words)
  })

  test('keeps the contract that a cluster was created with when it is told', async () => {
    const text = (await readFile(HOMELAB, 'utf8')).replace('v1.13.9', 'v1.14.0')
    const path = await file('upgraded.yaml', text)
    const kindsOf = (out: string) => documentsOf(out).map((each) => each['kind'])
    expect(kindsOf((await callCli(['render', '-f', path])).out)).toContain('KubeletConfig')
    const older = await callCli(['render', '-f', path, '--secrets', secrets, '--contract', '1.13'])
    expect([older.code, kindsOf(older.out).includes('KubeletConfig')]).toEqual([0, false])
    expect(older.out).toContain(':v1.14.0')
  })

  test('applies the settings and patches of the documents, those in files of their own too', async () => {
    const run = await callCli(['render', '-f', 'examples/talos-settings.yaml', '--secrets', secrets])
    expect(run.code).toBe(0)
    const found = new Map(documentsOf(run.out).map((each) => [each['kind'], each]))
    expect(found.get('SysctlConfig')).toMatchObject({ params: { 'vm.nr_hugepages': '2048' } })
    expect(found.get('KubeletConfig')).toMatchObject({ config: { maxPods: 200, serializeImagePulls: false } })
    expect(found.get('WatchdogTimerConfig')).toMatchObject({ device: '/dev/watchdog0', timeout: '2m' })
    expect(found.get('SecurityProfileConfig')).toMatchObject({ workloadIsolation: false })
    expect(found.has('FilesystemTrimConfig')).toBe(false)
  })

  test('names the machines there are when it is asked for another', async () => {
    const run = await callCli(['render', '-f', HOMELAB, '--machine', 'nope'])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('there are talos-node-0, talos-node-1, talos-node-2')
  })
})

describe('validate', () => {
  test('shows a bad patch at file, line and column, in the file it is in', async () => {
    const text = await readFile('examples/talos-settings.yaml', 'utf8')
    const path = await file('settings.yaml', text.replace('file: patches/kubelet.yaml', 'file: bad.yaml'))
    const bad = await file('bad.yaml', '# mine\napiVersion: v1alpha1\nkind: KubeletConfig\nconfigs:\n  maxPods: 200\n')
    const run = await callCli(['validate', '-f', path])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain(
      `${bad}:4:1  spec.talos.patches[2].configs  unknown field of Talos; did you mean "config"?\n    4 | configs:\n      | ^^^^^^^\n`,
    )
    expect(run.err).toContain('Not valid.')
  })
})

describe('talos merge', () => {
  test('prints the configuration with the patches in their order', async () => {
    const config = await file('config.yaml', 'machine: {certSANs: [a]}\n')
    const patches = [
      await file('p1.yaml', 'machine: {certSANs: [b]}\n'),
      await file('p2.json', '[{"op":"add","path":"/machine/type","value":"worker"}]'),
    ]
    const run = await callCli(['talos', 'merge', config, ...patches])
    expect(run.code).toBe(0)
    expect(documentsOf(run.out)[0]).toMatchObject({ machine: { certSANs: ['a', 'b'], type: 'worker' } })
  })

  test('takes @file and stdin, but stdin only once', async () => {
    const config = await file('config.yaml', 'machine: {certSANs: [a]}\n')
    const patch = await file('p4.yaml', 'machine: {certSANs: [b]}\n')
    const run = await runCli(['talos', 'merge', '-', `@${patch}`], {}, await readFile(config, 'utf8'))
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(documentsOf(run.out)[0]).toMatchObject({ machine: { certSANs: ['a', 'b'] } })
    const twice = await callCli(['talos', 'merge', '-', '-'])
    expect(twice).toMatchObject({ code: 2, out: '' })
    expect(twice.err).toContain('Only one of the files can be stdin.')
  })

  test('merges by the rules of the Talos it is told, or that the configuration looks like', async () => {
    const resolver = (domain: string) =>
      `apiVersion: v1alpha1\nkind: ResolverConfig\nsearchDomains: {domains: [${domain}]}\n`
    const config = await file('resolver.yaml', resolver('a'))
    const patch = await file('resolver-patch.yaml', resolver('b'))
    const domains = async (...more: readonly string[]) =>
      documentsOf((await callCli(['talos', 'merge', config, patch, ...more])).out)[0]?.['searchDomains']
    expect(await domains()).toEqual({ domains: ['b'] })
    expect(await domains('--contract', '1.13')).toEqual({ domains: ['a', 'b'] })
    expect(await callCli(['talos', 'merge', config, patch, '--contract', '1.11'])).toMatchObject({ code: 2, out: '' })
  })

  test('names the file at fault and prints nothing', async () => {
    const config = await file('config.yaml', 'machine: {}\n')
    const bad = await file('p3.yaml', 'machine: {nope: 1}\n')
    const run = await callCli(['talos', 'merge', config, bad])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('p3.yaml: patch 1: v1alpha1 has no field machine.nope')
    expect(await callCli(['talos', 'merge', config, join(folder, 'missing.yaml')])).toMatchObject({ code: 2, out: '' })
  })
})

describe('talos schematic', () => {
  test.each([
    ['customization: {}\n', '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'],
    [
      'customization:\n  extraKernelArgs: [noapic, nolapic]\n',
      '9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c',
    ],
    [
      'customization:\n  systemExtensions:\n    officialExtensions:\n      - siderolabs/qemu-guest-agent\n',
      'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515',
    ],
    ['', '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'],
  ])('prints the id that the factory gives to %j', async (text, id) => {
    expect(await callCli(['talos', 'schematic', await file('schematic.yaml', text)])).toMatchObject({
      code: 0,
      out: `${id}\n`,
    })
  })

  test('refuses a field that the factory does not know', async () => {
    const run = await callCli([
      'talos',
      'schematic',
      await file('schematic.yaml', 'customization: {extensions: [a]}\n'),
    ])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('customization')
  })
})
