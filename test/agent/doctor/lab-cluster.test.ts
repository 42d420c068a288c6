import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '#core/base/secret.ts'
import type { LoadedConfig } from '#agent/config/load-config.ts'
import { makeCluster, startHost, type ProxmoxHost } from '#lab/proxmox/host.ts'
import type { HostOptions, SharedOptions } from '#lab/proxmox/options.ts'
import type { Storage } from '#lab/proxmox/storages.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { typeCommands } from '#test/support/proxmox-commands.ts'
import { complaints } from './builders.ts'
import { aPlan, commandsOf, examineSite, ROOT_PASSWORD, TARGETS } from './lab-site.ts'

/** The checks against a simulated cluster of three hosts, each of which is an endpoint. */
const GIB = 1024 ** 3
const NAMES = ['pve1', 'pve2', 'pve3']

async function aCluster(): Promise<{ readonly hosts: readonly ProxmoxHost[]; readonly config: LoadedConfig }> {
  const shared: SharedOptions = {
    rootPassword: ROOT_PASSWORD,
    time: labTime(500),
    trace: new Trace(),
    guests: { powerOn: () => undefined, powerOff: () => Promise.resolve(), eraseDisk: () => undefined },
    images: { look: () => ({ kind: 'http-error', status: 404, reason: 'Not Found' }) },
  }
  const cluster = await makeCluster('home', shared)
  const stores = new Map<string, Storage>()
  const hosts: ProxmoxHost[] = []
  for (const [index, hostName] of NAMES.entries()) {
    const options: HostOptions = {
      hostName,
      lanAddress: `192.168.1.${10 + index}`,
      threads: 16,
      memoryMiB: 64 * 1024,
      storages: [
        { name: 'local', type: 'dir', content: ['iso', 'import'], totalBytes: 100 * GIB },
        { name: 'local-zfs', type: 'zfspool', content: ['images'], totalBytes: 900 * GIB },
      ],
      bridges: [{ name: 'vmbr0', port: 'eno1' }],
    }
    const host = await startHost(cluster, options, shared, stores)
    onTestFinished(() => host.close())
    hosts.push(host)
  }
  const [first] = hosts
  if (!first) throw new Error('a cluster has hosts')
  const plan = aPlan({ targets: { ...TARGETS, hosts: [] }, extras: ['quorum'] })
  const secret = await typeCommands(first, ROOT_PASSWORD, commandsOf(plan))
  const stateDir = mkdtempSync(join(tmpdir(), 'lanline-doctor-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  const config: LoadedConfig = {
    stateDir,
    logLevel: 'error',
    proxmox: {
      endpoints: hosts.map(({ url }) => url),
      tokenId: 'lanline@pve!agent',
      tokenSecret: new Secret(secret ?? ''),
      caPem: first.caPem,
      fingerprints: undefined,
      pool: 'lanline',
    },
    // Nobody listens there: the factory is the one thing that is wrong.
    imageFactory: 'http://127.0.0.1:9',
    lanProxy: undefined,
    clockRate: 1,
    warnings: [],
  }
  return { hosts, config }
}

const FACTORY = 'problem factory-unreachable'

test('a cluster set up by the script is in order, and every host of it is looked at', async () => {
  const { config } = await aCluster()
  const findings = await examineSite(config, false)
  expect(complaints(findings)).toEqual([FACTORY])
  for (const name of NAMES) expect(findings.some(({ about }) => about === `clock of ${name}`)).toBe(true)
  expect(findings.find(({ code }) => code === 'one-cluster')?.text).toContain('pve1, pve2, pve3')
})

test('a host that is off is told, and the others are judged through the endpoints that are left', async () => {
  const { hosts, config } = await aCluster()
  hosts[0]?.setOnline(false)
  for (const host of hosts) host.refreshStatistics()
  const found = complaints(await examineSite(config, false))
  expect(found).toEqual(['problem endpoint-unreachable', 'warning host-offline', FACTORY])
})

test('a cluster without quorum is a problem of its own', async () => {
  const { hosts, config } = await aCluster()
  hosts[0]?.cluster.loseQuorum(true)
  expect(complaints(await examineSite(config, false))).toEqual(['problem quorum-lost', FACTORY])
})
