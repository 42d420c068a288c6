import { makeCluster, startHost, type ProxmoxHost } from './host.ts'
import { setUpLeastPrivilege, type AgentAccess, type AgentAccessOptions } from './least-privilege.ts'
import type { Cluster } from './cluster.ts'
import type { ProxmoxClusterOptions } from './options.ts'
import type { Storage } from './storages.ts'

/**
 * Several simulated hosts that are one cluster: any of them answers for all, a call for another host is relayed, users
 * and rights are the same everywhere, and guests move between them.
 */
export interface ProxmoxCluster {
  readonly name: string
  readonly hosts: readonly ProxmoxHost[]
  readonly caPem: string
  readonly cluster: Cluster
  host(name: string): ProxmoxHost
  setUpLeastPrivilege(options?: AgentAccessOptions): AgentAccess
  close(): Promise<void>
}

export async function startProxmoxCluster(options: ProxmoxClusterOptions): Promise<ProxmoxCluster> {
  const cluster = await makeCluster(options.name, options)
  const sharedStorages = new Map<string, Storage>()
  const hosts: ProxmoxHost[] = []
  for (const host of options.hosts) hosts.push(await startHost(cluster, host, options, sharedStorages))
  return {
    name: options.name,
    hosts,
    caPem: cluster.authority.pem,
    cluster,
    host: (name) => {
      const found = hosts.find(({ node }) => node === name)
      if (!found) throw new Error(`cluster ${options.name} has no host ${name}`)
      return found
    },
    setUpLeastPrivilege: (wanted) => setUpLeastPrivilege(cluster, wanted),
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()))
    },
  }
}
