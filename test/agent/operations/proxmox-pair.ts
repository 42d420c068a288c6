import { Secret } from '#core/base/secret.ts'
import { imageFileName } from '#agent/providers/image-names.ts'
import { createDialer } from '#agent/dialer.ts'
import type { HandlerDeps } from '#agent/operations/deps.ts'
import { createProxmoxProvider } from '#agent/providers/proxmox/provider.ts'
import { makeCluster, startHost, type ProxmoxHost } from '#lab/proxmox/host.ts'
import { setUpLeastPrivilege } from '#lab/proxmox/least-privilege.ts'
import type { SharedOptions } from '#lab/proxmox/options.ts'
import { moveGuest } from '#lab/proxmox/vm-migrate.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { HOST, SCHEMATIC, startProxmoxSite, TALOS_VERSION } from '#test/support/proxmox-site.ts'
import { fastClock } from '#test/support/step-journal.ts'

/** A cluster of two hosts with storages that both see, and one provider that knows the endpoints of both. */
export interface ProxmoxPair {
  readonly hosts: readonly [ProxmoxHost, ProxmoxHost]
  readonly deps: HandlerDeps
  /** Somebody moves a guest to the other host. */
  move(vmid: number): void
  close(): Promise<void>
}

export const OTHER_HOST = 'prod-srv-02'
const GIB = 1024 ** 3
const STORAGES = [
  { name: 'local', type: 'nfs', content: ['iso', 'import'], totalBytes: 100 * GIB, shared: true },
  { name: 'local-zfs', type: 'nfs', content: ['images'], totalBytes: 900 * GIB, shared: true },
] as const

export async function startProxmoxPair(more: readonly string[] = []): Promise<ProxmoxPair> {
  // A host of its own gives the ports of handlers that have nothing to do with Proxmox.
  const { deps, close } = await startProxmoxSite()
  await close()
  const image = { kind: 'image', sizeBytes: 100 * 1024 * 1024, virtualBytes: 2 * GIB, sha256: '0'.repeat(64) } as const
  const content = { talosVersion: TALOS_VERSION, schematicId: SCHEMATIC }
  const shared: SharedOptions = {
    time: labTime(500),
    trace: new Trace(),
    guests: { powerOn: () => undefined, powerOff: () => Promise.resolve(), eraseDisk: () => undefined },
    images: { look: () => ({ ...image, content }) },
  }
  const cluster = await makeCluster('homelab', shared)
  const stores = new Map()
  const start = (hostName: string, lanAddress: string) =>
    startHost(
      cluster,
      {
        hostName,
        lanAddress,
        threads: 16,
        memoryMiB: 65_536,
        storages: STORAGES,
        bridges: [{ name: 'vmbr0', port: 'eno1' }],
      },
      shared,
      stores,
    )
  const hosts = [await start(HOST, '192.168.1.10'), await start(OTHER_HOST, '192.168.1.11')] as const
  const access = setUpLeastPrivilege(cluster, { more })
  const provider = createProxmoxProvider({
    // The first one is down for good: it costs its delay once.
    endpoints: ['https://127.0.0.1:1', ...hosts.map(({ url }) => url)],
    tokenId: access.tokenId,
    tokenSecret: new Secret(access.secret),
    caPem: hosts[0].caPem,
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
  const ref = { host: HOST, storage: 'local', content: 'import', fileName } as const
  const begun = await provider.startDownload(ref, deps.factory.imageUrl(SCHEMATIC, TALOS_VERSION))
  if (!begun.ok) throw new Error(`no download: ${JSON.stringify(begun.error)}`)
  for (let task = await provider.pollTask(begun.value); task.ok && task.value.state !== 'done';) {
    if (task.value.state === 'failed') throw new Error(`no image: ${JSON.stringify(task.value.problem)}`)
    await fastClock.sleep(500)
    task = await provider.pollTask(begun.value)
  }
  return {
    hosts,
    deps: { ...deps, provider },
    move(vmid) {
      const [from, to] = hosts[0].world.vms.find(vmid) ? hosts : hosts.toReversed()
      const vm = from!.world.vms.find(vmid)
      if (!vm) throw new Error(`no guest ${vmid}`)
      moveGuest(from!.world, to!.world, vm)
    },
    async close() {
      await provider.close()
      await Promise.all(hosts.map((host) => host.close()))
    },
  }
}
