import { randomUUID } from 'node:crypto'
import { newPool, newUser } from './access.ts'
import type { Cluster } from './cluster.ts'
import { words } from './words.ts'

/** What an agent is given to work with. */
export interface AgentAccess {
  /** As in `lanline@pve!agent`. */
  readonly tokenId: string
  readonly secret: string
  readonly pool: string
}

export interface AgentAccessOptions {
  readonly user?: string
  readonly tokenName?: string
  readonly pool?: string
  /** Privileges on the pool beyond the least, such as VM.Config.CDROM with VM.Config.Cloudinit. */
  readonly more?: readonly string[]
}

/** The set without which something of the default flow breaks. Source: each was left out once on 9.2.11. */
const ON_POOL = [
  ...words('VM.Allocate VM.Audit VM.Config.CPU VM.Config.Memory VM.Config.Network VM.Config.HWType'),
  ...words('VM.Config.Options VM.Config.Disk VM.PowerMgmt'),
]
const ON_DISK_STORE = ['Datastore.AllocateSpace', 'Datastore.Audit']
const CDS = ['VM.Config.CDROM']
const ON_IMAGE_STORE = ['Datastore.AllocateTemplate', 'Datastore.Audit']

/**
 * What an administrator does once for an agent: a user without a password, a token with the user's own rights, a pool,
 * and the least roles. A store that holds disks and images gets both roles.
 */
export function setUpLeastPrivilege(cluster: Cluster, options: AgentAccessOptions = {}): AgentAccess {
  const { imageImport } = cluster.profile
  // Machines that were installed from a CD keep it unless it may be taken out.
  const { user = 'lanline@pve', tokenName = 'agent', pool = 'lanline', more = imageImport ? [] : CDS } = options
  const { access } = cluster
  const secret = randomUUID()
  const account = newUser(user, undefined, 'Lanline agent')
  account.tokens.set(tokenName, { secret, separated: false, comment: undefined, expire: 0 })
  access.users.set(user, account)
  access.pools.set(pool, newPool(pool))
  const give = (path: string, role: string, privileges: readonly string[]): void => {
    access.roles.set(role, new Set(privileges))
    access.grant(path, role, user, true)
  }
  give(`/pool/${pool}`, 'LanlineVM', [...ON_POOL, ...more])
  give('/vms', 'LanlineVMAudit', ['VM.Audit'])
  give('/', 'LanlineAudit', ['Sys.Audit'])
  for (const world of cluster.worlds) {
    give(`/nodes/${world.node}`, 'LanlineNode', ['Sys.AccessNetwork', 'Sys.Audit'])
    for (const bridge of world.bridges) give(`/sdn/zones/localnetwork/${bridge.name}`, 'LanlineNet', ['SDN.Use'])
    for (const storage of world.storages.all()) {
      if (storage.content.includes('images')) give(`/storage/${storage.name}`, 'LanlineDisk', ON_DISK_STORE)
      if (storage.content.includes(imageImport ? 'import' : 'iso'))
        give(`/storage/${storage.name}`, 'LanlineImage', ON_IMAGE_STORE)
    }
  }
  return { tokenId: `${user}!${tokenName}`, secret, pool }
}
