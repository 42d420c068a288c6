import { createServer } from 'node:http'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ok } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { diskImagePath, schematicId, schematicOf } from '#core/talos/schematic.ts'
import type { DeskStatus } from '#agent/commands/desk.ts'
import { realClock } from '#agent/clock.ts'
import type { LoadedConfig } from '#agent/config/load-config.ts'
import { SITE_CHECKS } from '#agent/doctor/all-checks.ts'
import { examine } from '#agent/doctor/examine.ts'
import type { Finding } from '#agent/doctor/finding.ts'
import { openOwnLook, openSiteLook } from '#agent/doctor/open-looks.ts'
import type { Targets } from '#agent/doctor/privileges.ts'
import { aclCommand, roleGrants, type RightsPlan } from '#agent/doctor/rights-script.ts'
import { readWanted } from '#agent/doctor/wanted.ts'
import { startProxmox, type ProxmoxHost } from '#lab/proxmox/host.ts'
import type { ProxmoxOptions } from '#lab/proxmox/options.ts'
import type { Release } from '#lab/proxmox/profile.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'
import { readText } from '#test/support/repository.ts'
import { typeCommands, wordsOf } from '#test/support/proxmox-commands.ts'

/** A simulated host that was set up by the commands of the rights script, and the doctor in front of it. */
export const ROOT_PASSWORD = 'root-of-the-lab'
export const HOST = 'prod-srv-01'
export const TALOS_VERSION = 'v1.13.9'
const GIB = 1024 ** 3

export const TARGETS: Targets = {
  pool: 'lanline',
  hosts: [HOST],
  diskStorages: ['local-zfs'],
  imageStorages: ['local'],
  bridges: ['vmbr0'],
  mappings: [],
}

export const aPlan = (changed: Partial<RightsPlan> = {}): RightsPlan => ({
  release: [9, 2],
  user: 'lanline@pve',
  tokenName: 'agent',
  targets: TARGETS,
  extras: [],
  ...changed,
})

/** The plan as commands on a host where nothing of it is there yet. */
export const commandsOf = (plan: RightsPlan): readonly (readonly string[])[] => [
  ['pveum', 'pool', 'add', plan.targets.pool],
  ['pveum', 'user', 'add', plan.user],
  ...roleGrants(plan).flatMap(({ role, privileges, paths }) => [
    ['pveum', 'role', 'add', role, '--privs', privileges.join(' ')],
    ...paths.map((path) => wordsOf(aclCommand(path, plan.user, role))),
  ]),
  ['pveum', 'user', 'token', 'add', plan.user, plan.tokenName, '--privsep', '0'],
]

export async function aLabHost(changed: Partial<ProxmoxOptions> = {}): Promise<ProxmoxHost> {
  const image = diskImagePath(schematicId(schematicOf([])), TALOS_VERSION)
  const host = await startProxmox({
    hostName: HOST,
    lanAddress: '192.168.1.10',
    threads: 36,
    memoryMiB: 88 * 1024,
    storages: [
      { name: 'local', type: 'dir', content: ['iso', 'import', 'vztmpl'], totalBytes: 100 * GIB },
      { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 900 * GIB },
    ],
    bridges: [{ name: 'vmbr0', port: 'eno1' }],
    foreignGuests: [{ vmid: 100, name: 'truenas', cores: 6, memoryMiB: 32 * 1024, running: true }],
    rootPassword: ROOT_PASSWORD,
    time: labTime(500),
    trace: new Trace(),
    guests: { powerOn: () => undefined, powerOff: () => Promise.resolve(), eraseDisk: () => undefined },
    images: {
      look: (url) =>
        url.endsWith(image)
          ? {
              kind: 'image',
              sizeBytes: 100 * 1024 ** 2,
              virtualBytes: 2 * GIB,
              sha256: '0'.repeat(64),
              content: { talosVersion: TALOS_VERSION, schematicId: schematicId(schematicOf([])) },
            }
          : { kind: 'http-error', status: 404, reason: 'Not Found' },
    },
    ...changed,
  })
  onTestFinished(() => host.close())
  return host
}

/** An Image Factory that offers one version. */
async function aFactory(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify([TALOS_VERSION]))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

export interface DoctorSite {
  readonly host: ProxmoxHost
  readonly config: LoadedConfig
  /** Types commands as root. */
  type(...commands: readonly (readonly string[])[]): Promise<string | undefined>
  /** The findings of all checks of the site; with the example's documents when asked. */
  examine(withDocuments?: boolean): Promise<readonly Finding[]>
}

export async function aDoctorSite(
  plan: RightsPlan = aPlan(),
  options: { readonly release?: Release; readonly host?: Partial<ProxmoxOptions> } = {},
): Promise<DoctorSite> {
  const host = await aLabHost({ ...(options.release ? { release: options.release } : {}), ...options.host })
  const secret = await typeCommands(host, ROOT_PASSWORD, commandsOf(plan))
  const stateDir = mkdtempSync(join(tmpdir(), 'lanline-doctor-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  chmodSync(stateDir, 0o700)
  const config: LoadedConfig = {
    stateDir,
    logLevel: 'error',
    proxmox: {
      endpoints: [host.url],
      tokenId: `${plan.user}!${plan.tokenName}`,
      tokenSecret: new Secret(secret ?? ''),
      caPem: host.caPem,
      fingerprints: undefined,
      pool: plan.targets.pool,
    },
    imageFactory: await aFactory(),
    lanProxy: undefined,
    clockRate: 1,
    warnings: [],
  }
  return {
    host,
    config,
    type: (...commands) => typeCommands(host, ROOT_PASSWORD, commands),
    examine: (withDocuments = false) => examineSite(config, withDocuments),
  }
}

export async function examineSite(
  config: LoadedConfig,
  withDocuments: boolean,
  watching?: Pick<DeskStatus, 'clusters'>,
): Promise<readonly Finding[]> {
  const read = readWanted([{ name: 'homelab.yaml', text: readText('examples/homelab.yaml') }])
  if (!read.ok) throw new Error(read.error)
  const wanted = withDocuments ? read.value : undefined
  const input = {
    config: ok(config),
    stateDir: config.stateDir,
    desk: watching && { ...A_DESK, ...watching },
    wanted,
    clock: realClock,
  }
  const site = openSiteLook(config, openOwnLook(input), input)
  const findings = await examine(SITE_CHECKS, site.look, realClock)
  await site.close()
  return findings
}

/** A running service that has nothing to do. */
const A_DESK: DeskStatus = {
  agentVersion: '0.0.0',
  agentId: anEnrolment.agentId,
  siteName: anEnrolment.siteName,
  relayOrigin: anEnrolment.relayOrigin,
  fingerprint: '',
  incarnation: 1,
  lastEpoch: 1,
  link: { link: 'not-running' },
  operations: [],
  clusters: [],
}
