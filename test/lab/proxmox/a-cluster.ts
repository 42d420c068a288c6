import { startProxmoxCluster, type ProxmoxCluster } from '#lab/proxmox/proxmox-cluster.ts'
import type { HostOptions, ProxmoxClusterOptions } from '#lab/proxmox/options.ts'
import { Trace } from '#lab/trace.ts'
import { HeldTime, images, NotedGuests } from './a-host.ts'
import { Client, ticketHeaders, tokenHeader } from './client.ts'

const GIB = 1024 ** 3

export interface LabCluster {
  readonly cluster: ProxmoxCluster
  readonly guests: NotedGuests
  readonly time: HeldTime
  /** The least rights of an agent, asked at the host of that name. */
  agent(host: string): Client
  root(host: string): Client
  close(): Promise<void>
}

const aMember = (name: string, index: number): HostOptions => ({
  hostName: name,
  lanAddress: `192.168.1.${11 + index}`,
  threads: 16,
  memoryMiB: 64 * 1024,
  storages: [
    { name: 'local', type: 'dir', content: ['iso', 'import', 'vztmpl'], totalBytes: 100 * GIB },
    { name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'], totalBytes: 500 * GIB },
    { name: 'nas', type: 'nfs', content: ['images', 'iso', 'import'], totalBytes: 4096 * GIB, shared: true },
  ],
  bridges: [{ name: 'vmbr0', port: 'eno1', vlanAware: true }],
})

/** Three hosts with disks of their own and a store that they share. */
export async function aCluster(options: Partial<ProxmoxClusterOptions> = {}): Promise<LabCluster> {
  const guests = new NotedGuests()
  const time = new HeldTime()
  const cluster = await startProxmoxCluster({
    name: 'home',
    hosts: ['pve-1', 'pve-2', 'pve-3'].map(aMember),
    rootPassword: 'correct-horse',
    time,
    trace: new Trace(),
    guests,
    images,
    ...options,
  })
  const access = cluster.setUpLeastPrivilege()
  const root = await ticketHeaders(cluster.host('pve-1'), 'root@pam', 'correct-horse')
  const clients: Client[] = []
  const client = (host: string, headers: Readonly<Record<string, string>>): Client => {
    const made = new Client(cluster.host(host), headers)
    clients.push(made)
    return made
  }
  return {
    cluster,
    guests,
    time,
    agent: (host) => client(host, tokenHeader(access.tokenId, access.secret)),
    root: (host) => client(host, root),
    close: async () => {
      for (const each of clients) each.close()
      await cluster.close()
    },
  }
}
