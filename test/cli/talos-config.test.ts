import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatSecretsBundle } from '#core/talos/secrets-bundle.ts'
import { callCli, runCli } from '#test/support/run-cli.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { readVector } from '#test/support/vectors.ts'

let folder = ''
let secrets = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanline-talos-config-'))
  secrets = await file('secrets.yaml', formatSecretsBundle(await aBundle()))
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}
const documentsOf = (text: string) => [...parseAllDocuments(text)].map((each) => each.toJS() as Record<string, unknown>)

describe('talos config', () => {
  const given = (more: readonly string[]) => [
    'talos',
    'config',
    '--secrets',
    secrets,
    '--cluster',
    'home',
    '--endpoint',
    'https://192.168.1.50:6443',
    ...more,
  ]

  test.each(['1.12', '1.13', '1.14'] as const)('prints what upstream generates at contract %s', async (contract) => {
    const run = await callCli(given(['--kubernetes', 'v1.35.0', '--contract', contract, '--type', 'worker']))
    expect(run.code).toBe(0)
    const [main, ...others] = documentsOf(run.out)
    expect(main).toMatchObject({ machine: { type: 'worker', ca: { key: '' } } })
    expect(others.some((each) => each['kind'] === 'HostnameConfig')).toBe(true)
  })

  test.for(['controlplane', 'worker'] as const)(
    'equals the vectors of upstream but for the version: %s',
    async (type, context) => {
      const expected = readVector(`talos/generate/v1.13/base-${type}.yaml`, context)
      const path = await file('upstream.yaml', readVector('talos/generate/secrets.yaml', context))
      const names = ['--secrets', path, '--cluster', 'base', '--endpoint', 'https://base:6443', '--type', type]
      const run = await callCli([
        'talos',
        'config',
        ...names,
        '--kubernetes',
        '1.36.3',
        '--contract',
        '1.13',
        '--install-disk',
        '',
      ])
      const kind = (each: Record<string, unknown>) => String(each['kind'])
      const sorted = (text: string) => documentsOf(text).toSorted((a, b) => (kind(a) < kind(b) ? -1 : 1))
      expect(sorted(run.out)).toEqual(sorted(expected.replaceAll('v1.28.0', 'v1.36.3')))
    },
  )

  test.each([
    [
      'an unknown contract',
      ['--kubernetes', '1.36.3', '--contract', '1.99', '--type', 'worker'],
      'knows Talos 1.12, 1.13, 1.14',
    ],
    [
      'a Kubernetes outside the range',
      ['--kubernetes', '1.99.0', '--contract', '1.13', '--type', 'worker'],
      'it runs 1.31 to 1.36',
    ],
    [
      'an unknown type',
      ['--kubernetes', '1.36.3', '--contract', '1.13', '--type', 'init'],
      'Allowed choices are controlplane, worker',
    ],
  ])('refuses %s', async (_, more, words) => {
    const run = await callCli(given(more))
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain(words)
  })

  test('refuses a bundle with a broken certificate and names the field, not the value', async () => {
    const text = (await readFile(secrets, 'utf8')).replace(/(etcd:\n\s+crt: )\S+/, '$1bm90IGEgY2VydGlmaWNhdGU=')
    const broken = await file('broken.yaml', text)
    const run = await callCli([
      'talos',
      'config',
      '--secrets',
      broken,
      '--cluster',
      'a',
      '--endpoint',
      'https://a:6443',
      '--kubernetes',
      '1.36.3',
      '--contract',
      '1.13',
      '--type',
      'worker',
    ])
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain('certs.etcd.crt')
    expect(run.err).not.toContain('bm90IGEg')
  })

  test('installs to the disk that talosctl assumes, and to none when told so', async () => {
    const usual = ['--kubernetes', 'v1.35.0', '--type', 'worker']
    const disk = async (...more: string[]) =>
      documentsOf((await callCli(given([...usual, ...more]))).out).flatMap((each) =>
        each['kind'] === 'UnattendedInstallConfig' || 'machine' in each ? [JSON.stringify(each)] : [],
      )
    expect((await disk('--contract', '1.13')).join()).toContain('"disk":"/dev/sda"')
    expect((await disk('--contract', '1.14')).join()).toContain('disk.dev_path == \\"/dev/sda\\"')
    expect((await disk('--contract', '1.14', '--install-disk', '')).join()).not.toContain('dev_path')
  })

  test.each(['1.12', '1.13', '1.14'])(
    'gives a cluster with an IPv6 endpoint the subnets of IPv4 at contract %s, as upstream does',
    async (contract) => {
      const args = given(['--kubernetes', 'v1.35.0', '--contract', contract, '--type', 'controlplane'])
      const run = await callCli(args.map((arg) => arg.replace('192.168.1.50', '[fd00::1]')))
      expect(run.code).toBe(0)
      expect(run.out).toContain('https://[fd00::1]:6443')
      expect(run.out).toContain('10.244.0.0/16')
      expect(run.out).not.toContain('fc00:db8')
    },
  )

  test.each(['https://kube.example.com', 'https://kube.example.com:6443/', 'https://a:1/some/path'])(
    'writes the endpoint %s as it was given',
    async (endpoint) => {
      const args = given(['--kubernetes', 'v1.35.0', '--contract', '1.14', '--type', 'worker'])
      const run = await callCli(args.map((arg) => arg.replace('https://192.168.1.50:6443', endpoint)))
      expect(documentsOf(run.out).find((each) => each['kind'] === 'KubeClusterConfig')).toMatchObject({ endpoint })
    },
  )

  test.each([
    ['http://a:6443', 'does not begin with https://'],
    ['a:6443', 'is no URL'],
    ['https://', 'has no host'],
    ['https://:6443', 'has no host'],
    ['https://a:70000', 'has a port beyond 65535'],
    ['https://fd00::1:6443', 'has no host that can be read'],
  ])('refuses the endpoint %s, which upstream refuses', async (endpoint, words) => {
    const args = given(['--kubernetes', 'v1.35.0', '--contract', '1.14', '--type', 'worker'])
    const run = await callCli(args.map((arg) => arg.replace('https://192.168.1.50:6443', endpoint)))
    expect(run).toMatchObject({ code: 2, out: '' })
    expect(run.err).toContain(words)
  })

  test('takes what talosctl takes: mirrors, discovery, KubeSpan, names and patches', async () => {
    const patch = await file('patch.yaml', 'machine: {sysctls: {a.b: "1"}}\n')
    const run = await callCli(
      given([
        '--kubernetes',
        'v1.35.0',
        '--contract',
        '1.14',
        '--type',
        'controlplane',
        '--additional-sans',
        'a,b',
        'c',
        '--registry-mirror',
        'ghcr.io=https://m.example',
        '--with-cluster-discovery=false',
        '--with-kubespan',
        '--config-patch',
        `@${patch}`,
        'machine: {certSANs: [d]}',
      ]),
    )
    expect(run.code).toBe(0)
    const [main, ...others] = documentsOf(run.out)
    expect(main).toMatchObject({ machine: { certSANs: ['a', 'b', 'c', 'd'], sysctls: { 'a.b': '1' } } })
    const kinds = others.map((each) => each['kind'])
    expect(kinds).toContain('RegistryMirrorConfig')
    expect(kinds).toContain('KubeSpanConfig')
    expect(kinds).not.toContain('DiscoveryServiceConfig')
  })

  test('reads the secrets from stdin', async () => {
    const args = given(['--kubernetes', 'v1.35.0', '--contract', '1.13', '--type', 'worker'])
    const run = await runCli(
      args.map((arg) => (arg === secrets ? '-' : arg)),
      {},
      await readFile(secrets, 'utf8'),
    )
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(documentsOf(run.out)[0]).toMatchObject({ machine: { type: 'worker' } })
  })
})
