import { Secret } from '#core/base/secret.ts'
import { aHardware } from './hardware.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { imageFileName } from '#agent/providers/image-names.ts'
import { schematicId, schematicOf } from '#core/talos/schematic.ts'
import { createDialer } from '#agent/dialer.ts'
import type { HandlerDeps } from '#agent/operations/deps.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import type { Provider } from '#agent/providers/provider.ts'
import { startProxmox, type ProxmoxHost } from '#lab/proxmox/host.ts'
import type { AgentAccess } from '#lab/proxmox/least-privilege.ts'
import type { Release } from '#lab/proxmox/profile.ts'
import type { ProxmoxOptions } from '#lab/proxmox/options.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { fastClock } from './step-journal.ts'

/** A simulated Proxmox host with the least-privileged token of an agent, and the agent's provider in front of it. */
export interface ProxmoxSite {
  readonly host: ProxmoxHost
  readonly provider: Provider
  readonly deps: HandlerDeps
  /** The image is on its storage before the test begins. */
  bringImage(): Promise<void>
  close(): Promise<void>
}

export const HOST = 'prod-srv-01'
export const ROOT_PASSWORD = 'root-of-the-lab'
export const TALOS_VERSION = 'v1.13.9'
export const SCHEMATIC = schematicId(schematicOf([]))
const GIB = 1024 ** 3
/** Fast enough that a creation of seconds takes milliseconds. */
const RATE = 500

export async function startProxmoxSite(
  setUp: (host: ProxmoxHost) => AgentAccess | Promise<AgentAccess> = (host) => host.setUpLeastPrivilege(),
  release: Release = '9.2',
  changed: Partial<ProxmoxOptions> = {},
): Promise<ProxmoxSite> {
  const host = await startProxmox({
    release,
    hostName: HOST,
    lanAddress: '192.168.1.10',
    threads: 36,
    memoryMiB: 88 * 1024,
    storages: [
      { name: 'local', type: 'dir', content: ['iso', 'import', 'vztmpl'], totalBytes: 100 * GIB },
      { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 900 * GIB },
    ],
    bridges: [{ name: 'vmbr0', port: 'eno1' }],
    foreignGuests: [{ vmid: 100, name: 'truenas', cores: 6, memoryMiB: 32 * 1024, running: true, uuid: FOREIGN_UUID }],
    rootPassword: ROOT_PASSWORD,
    time: labTime(RATE),
    trace: new Trace(),
    guests: { powerOn: () => undefined, powerOff: () => Promise.resolve(), eraseDisk: () => undefined },
    images: {
      look: (url) =>
        /\/nocloud-amd64(-secureboot)?\.(qcow2|iso)$/.test(url) && url.includes(`/${SCHEMATIC}/${TALOS_VERSION}/`)
          ? {
              kind: 'image',
              sizeBytes: 100 * 1024 * 1024,
              virtualBytes: 2 * GIB,
              sha256: '0'.repeat(64),
              content: { talosVersion: TALOS_VERSION, schematicId: SCHEMATIC },
            }
          : { kind: 'http-error', status: 404, reason: 'Not Found' },
    },
    ...changed,
  })
  const access = await setUp(host)
  const provider = createProxmoxProvider({
    endpoints: [host.url],
    tokenId: access.tokenId,
    tokenSecret: new Secret(access.secret),
    caPem: host.caPem,
    pool: access.pool,
    clock: fastClock,
    dialer: createDialer(),
  })
  const fileName = imageFileName({
    talosVersion: TALOS_VERSION,
    schematicId: SCHEMATIC,
    media: 'image',
    secureBoot: false,
  })
  const image = { host: HOST, storage: 'local', content: 'import', fileName } as const
  return {
    host,
    provider,
    deps: { ...NOTHING_ELSE, provider },
    async bringImage() {
      const started = await provider.startDownload(image, NOTHING_ELSE.factory.imageUrl(SCHEMATIC, TALOS_VERSION))
      if (!started.ok) throw new Error(`no download: ${JSON.stringify(started.error)}`)
      for (;;) {
        const task = await provider.pollTask(started.value)
        if (!task.ok || task.value.state === 'failed') throw new Error(`no image: ${JSON.stringify(task)}`)
        if (task.value.state === 'done') return
        await fastClock.sleep(500)
      }
    },
    async close() {
      await provider.close()
      await host.close()
    },
  }
}

export const FOREIGN_UUID = '11111111-2222-4333-8444-555555555555'

const unused = (): never => {
  throw new Error('this test has no such thing')
}

/** A site without Talos and Kubernetes: for operations that only speak with the host. */
const NOTHING_ELSE: Omit<HandlerDeps, 'provider'> = {
  secrets: {
    recipients: [],
    ensureSealed: unused,
    bundle: unused,
    talosIdentity: unused,
    kubernetesIdentity: unused,
  },
  talos: { connect: unused, probe: unused },
  kubernetes: { connect: unused },
  factory: {
    register: (schematic) => Promise.resolve({ ok: true, value: schematicId(schematic) }),
    host: 'factory.test',
    imageUrl: (id, version, file = 'nocloud-amd64.qcow2') => `https://factory.test/image/${id}/${version}/${file}`,
  },
  addresses: { findListener: () => Promise.resolve(undefined) },
  configured: { find: () => undefined },
}

export const aCreation = (
  changed: Partial<OperationInput<'machine.create'>> = {},
): OperationInput<'machine.create'> => ({
  machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
  name: 'home-cp-1',
  host: HOST,
  vmid: 2001,
  clusterUid: '0000000000000000000a',
  clusterName: 'home',
  talosVersion: TALOS_VERSION,
  schematicId: SCHEMATIC,
  guestAgent: false,
  hardware: aHardware(),
  boot: { by: 'image', imageStorage: 'local' },
  addressing: 'cloud-init',
  nameservers: ['192.168.1.1'],
  ...changed,
})

export const aRemoval = (
  changed: Partial<OperationInput<'machine.remove'>> = {},
): OperationInput<'machine.remove'> => ({
  machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
  name: 'home-cp-1',
  host: HOST,
  vmid: 2001,
  clusterUid: '0000000000000000000a',
  role: 'controlplane',
  address: '192.168.1.51',
  mac: '02:54:41:00:00:01',
  vip: '192.168.1.50',
  peers: [],
  ...changed,
})
