import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportFiles } from '#cli/recovery/export-files.ts'
import { writeTogether } from '#cli/talos/write-together.ts'
import { mintMac, mintMachineId } from '#core/model/ids.ts'
import { aClass, aCluster, aNetwork, aSite } from '#test/db/builders.ts'
import { aBundle } from '#test/support/talos-bundle.ts'

/** What `lanline export` writes, in the hands of the real talosctl: LANLINE_TALOSCTL names its binary. */
const BINARY = process.env['LANLINE_TALOSCTL']
if (BINARY === undefined)
  process.stdout.write('export: LANLINE_TALOSCTL is not set, so no exported file was shown to the real one\n')

const UID = '0123456789abcdefghjk'
let folder = ''
let paths: readonly string[] = []

const talosctl = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(BINARY ?? '', args, { cwd: folder })).stdout

describe.skipIf(BINARY === undefined)('talosctl takes', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lanline-export-'))
    const cluster = aCluster('home')
    const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
    const placements = Object.entries(cluster.spec.controlPlane.machines).map(([name, address], index) => ({
      machineId: mintMachineId(random(16)),
      clusterUid: UID,
      name,
      role: 'controlplane' as const,
      host: 'pve-1',
      imageStorage: 'local',
      vmid: 5000 + index,
      cpu: 2,
      memoryMiB: 4096,
      disks: [{ name: 'system', storage: 'local-zfs', sizeGiB: 20 }],
      nics: [{ network: 'lan', bridge: 'vmbr0', mac: mintMac(random(5)), address }],
      devices: [],
    }))
    const documents = [cluster, aSite('home'), aNetwork('lan'), aClass('cp-small')]
    const files = await exportFiles({ documents, placements }, await aBundle(), Date.now())
    if (!files.ok) throw new Error(files.error.lines.join('\n'))
    const written = await writeTogether(join(folder, 'out'), files.value)
    if (!written.ok) throw new Error(written.error)
    paths = written.value
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('every exported configuration', async () => {
    const configs = paths.filter((path) => path.includes('controlplane-'))
    expect(configs.length).toBeGreaterThan(0)
    for (const path of configs)
      expect(await talosctl('validate', '--config', path, '-m', 'cloud')).toContain('is valid')
  })

  test('the exported talosconfig, as an admin for a year', async () => {
    const info = await talosctl('--talosconfig', join(folder, 'out', 'talosconfig'), 'config', 'info')
    expect(info).toMatch(/Current context: +home/)
    expect(info).toMatch(/Roles: +os:admin/)
    expect(info).toMatch(/Certificate expires: +(11 months|1 year)/)
  })

  test('the exported secrets, for new configurations of the same cluster', async () => {
    const secrets = join(folder, 'out', 'secrets.yaml')
    await talosctl('gen', 'config', 'home', 'https://192.168.1.50:6443', '--with-secrets', secrets, '-o', 'generated')
    expect(await talosctl('validate', '--config', 'generated/controlplane.yaml', '-m', 'cloud')).toContain('is valid')
  })
})
