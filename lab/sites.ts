import { makeCluster, startHost, type ProxmoxHost } from './proxmox/host.ts'
import type { HostOptions, SharedOptions } from './proxmox/options.ts'
import type { Storage } from './proxmox/storages.ts'
import type { ProxmoxSite } from './lab.ts'

/** One hypervisor, or several that are a cluster and then have a name. */
export interface LabSite extends Partial<Omit<SharedOptions, keyof Surroundings>> {
  readonly cluster?: string
  readonly hosts: readonly HostOptions[]
}

/** What of the lab a hypervisor is connected to. */
export type Surroundings = Pick<SharedOptions, 'time' | 'trace' | 'guests' | 'images'>

export interface RunningSite {
  readonly hosts: readonly ProxmoxHost[]
  readonly site: ProxmoxSite
}

const API_PORT = 8006

/** Brings up every hypervisor of the lab, each with the least rights of an agent. */
export async function startSites(sites: readonly LabSite[], surroundings: Surroundings): Promise<RunningSite[]> {
  const running: RunningSite[] = []
  for (const { cluster: name, hosts: wanted, ...shared } of sites) {
    const options = { ...shared, ...surroundings }
    const cluster = await makeCluster(name, options)
    const sharedStorages = new Map<string, Storage>()
    const hosts: ProxmoxHost[] = []
    for (const host of wanted) hosts.push(await startHost(cluster, host, options, sharedStorages))
    const [first] = hosts
    if (!first) throw new Error('a cluster needs a host')
    const access = first.setUpLeastPrivilege()
    const urls = hosts.map(({ lanAddress }) => `https://${lanAddress}:${API_PORT}`)
    running.push({
      hosts,
      site: {
        name: name ?? first.node,
        url: urls[0] ?? '',
        urls,
        caPem: first.caPem,
        tokenId: access.tokenId,
        tokenSecret: access.secret,
        pool: access.pool,
      },
    })
  }
  return running
}
