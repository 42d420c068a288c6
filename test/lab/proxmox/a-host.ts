import type { GuestHardware, GuestRuntime } from '#lab/guest.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'
import { labTime, type LabTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { startProxmox, type ProxmoxHost } from '#lab/proxmox/host.ts'
import type { AgentAccess } from '#lab/proxmox/least-privilege.ts'
import type { ProxmoxOptions } from '#lab/proxmox/options.ts'
import { Client, ticketHeaders, tokenHeader } from './client.ts'

export const IMAGE_URL = 'https://factory.example.test/image/nocloud-amd64.qcow2'
export const IMAGE = { talosVersion: 'v1.14.0', schematicId: 'ab12' }

/** Guests that note what is done to them. They go off when told to, unless they are made stubborn. */
export class NotedGuests implements GuestRuntime {
  readonly on: GuestHardware[] = []
  readonly erased: string[] = []
  stubborn = false
  powerOn(hardware: GuestHardware): void {
    this.on.push(hardware)
  }
  powerOff(uuid: string, how: 'stop' | 'shutdown'): Promise<void> {
    if (how === 'shutdown' && this.stubborn) return new Promise(() => undefined)
    const at = this.on.findIndex((hardware) => hardware.uuid === uuid)
    if (at >= 0) this.on.splice(at, 1)
    return Promise.resolve()
  }
  eraseDisk(diskId: string): void {
    this.erased.push(diskId)
  }
}

/** Lab time whose longer waits can be held back, so that a test can look at what is in the middle of its work. */
export class HeldTime implements LabTime {
  readonly rate = 500
  readonly #time = labTime(500)
  #gate = Promise.withResolvers<void>()
  #heldFromMs = Number.POSITIVE_INFINITY
  now(): number {
    return this.#time.now()
  }
  async pass(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#time.pass(ms, signal)
    if (ms < this.#heldFromMs || signal?.aborted) return
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#gate.promise, aborted])
  }
  hold(fromMs: number): void {
    this.#heldFromMs = fromMs
  }
  release(): void {
    this.#heldFromMs = Number.POSITIVE_INFINITY
    this.#gate.resolve()
    this.#gate = Promise.withResolvers<void>()
  }
}

export const images: ImageSource = {
  look: (url) => {
    if (url === IMAGE_URL)
      return { kind: 'image', sizeBytes: 300 * 1024 ** 2, virtualBytes: 1024 ** 3, sha256: 'c0ffee', content: IMAGE }
    if (url.includes('nohost')) return { kind: 'unknown-host', host: 'nohost.invalid' }
    return { kind: 'http-error', status: 404, reason: 'Not Found' }
  },
}

export interface LabHost {
  readonly host: ProxmoxHost
  readonly guests: NotedGuests
  readonly trace: Trace
  readonly time: HeldTime
  readonly access: AgentAccess
  readonly agent: Client
  readonly root: Client
  /** Puts the image onto the store and makes the guest; gives the task's end. */
  create(vmid: number, more?: Record<string, string | number>): Promise<string>
  fetchImage(): Promise<string>
  close(): Promise<void>
}

const NODE = 'prod-srv-01'
export const AT = `/nodes/${NODE}`

export async function aHost(options: Partial<ProxmoxOptions> = {}): Promise<LabHost> {
  const guests = new NotedGuests()
  const trace = new Trace()
  const time = new HeldTime()
  const host = await startProxmox({
    hostName: NODE,
    lanAddress: '192.168.1.5',
    threads: 36,
    memoryMiB: 88 * 1024,
    rootPassword: 'correct-horse',
    storages: [
      { name: 'local', type: 'dir', content: ['iso', 'vztmpl', 'import'], totalBytes: 100 * 1024 ** 3 },
      { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 1024 ** 4 },
    ],
    bridges: [{ name: 'vmbr0', port: 'eno1', cidr: '192.168.1.5/24' }],
    foreignGuests: [{ vmid: 100, name: 'truenas', cores: 6, memoryMiB: 32 * 1024, running: true }],
    time,
    trace,
    guests,
    images,
    ...options,
  })
  const access = host.setUpLeastPrivilege()
  const agent = new Client(host, tokenHeader(access.tokenId, access.secret))
  const root = new Client(host, await ticketHeaders(host, 'root@pam', 'correct-horse'))
  return {
    host,
    guests,
    trace,
    time,
    access,
    agent,
    root,
    fetchImage: () =>
      agent.run('POST', `${AT}/storage/local/download-url`, {
        params: { content: 'import', filename: 'talos.qcow2', url: IMAGE_URL },
      }),
    create: (vmid, more) => agent.run('POST', `${AT}/qemu`, { params: { ...aGuest(vmid), ...more } }),
    close: async () => {
      agent.close()
      root.close()
      await host.close()
    },
  }
}

export const uuidFor = (vmid: number): string => `6f3b0c1e-1a52-4d0f-9a63-${String(vmid).padStart(12, '0')}`

/** What the agent sends for a node. */
export const aGuest = (vmid: number): Record<string, string | number> => ({
  vmid,
  name: `cp-${vmid}`,
  pool: 'lanline',
  machine: 'q35',
  bios: 'seabios',
  ostype: 'l26',
  cpu: 'x86-64-v2-AES',
  cores: 4,
  memory: 8192,
  balloon: 0,
  scsihw: 'virtio-scsi-pci',
  scsi0: 'local-zfs:0,import-from=local:import/talos.qcow2,discard=on,ssd=1,cache=none',
  net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0',
  boot: 'order=scsi0',
  serial0: 'socket',
  smbios1: `uuid=${uuidFor(vmid)}`,
  ide2: 'local-zfs:cloudinit',
  ipconfig0: 'ip=192.168.1.51/24,gw=192.168.1.1',
  nameserver: '192.168.1.1',
})
