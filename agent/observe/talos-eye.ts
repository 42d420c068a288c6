import type { TalosStage } from '#core/model/seen.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'
import type { Dialer } from '../dialer.ts'
import { talosNode } from '../talos/grpc-node.ts'
import type { EtcdStatus, TalosNode } from '../talos/node.ts'
import { probeNode } from '../talos/probe.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import { UNREACHABLE, type TalosSight } from './assemble.ts'
import type { ReaderIdentities } from './reader-identities.ts'

/** Looks at one machine through its own API. Keeps the connection between looks; asks for nothing that is secret. */
export interface TalosEye {
  /** Never rejects: what cannot be reached is `unreachable`. */
  look(watch: WatchPut, signal: AbortSignal): Promise<TalosSight>
  close(): void
}

type Watched = WatchPut['machines'][number]

const STAGES: Readonly<Record<string, TalosStage>> = {
  booting: 'booting',
  installing: 'installing',
  maintenance: 'maintenance',
  running: 'running',
  rebooting: 'rebooting',
  'shutting down': 'shutting-down',
  resetting: 'resetting',
  upgrading: 'upgrading',
}

/** How etcd writes "nobody". */
const NO_LEADER = /^0*$/

export function createTalosEye(machine: Watched, dialer: Dialer, identities: ReaderIdentities): TalosEye {
  const { address, machineId } = machine
  let open: { readonly node: TalosNode; readonly identity: ClientIdentity } | undefined

  function close(): void {
    open?.node.close()
    open = undefined
  }

  function connected(identity: ClientIdentity): TalosNode {
    if (open?.identity !== identity) {
      close()
      open = { node: talosNode({ dialer, address, credentials: identity }), identity }
    }
    return open.node
  }

  return {
    close,
    async look(watch, signal) {
      // Nobody knows yet where it is, or what runs in it is no Talos.
      if (address === '') return UNREACHABLE
      const minted =
        watch.secretsVersion > 0 ? await identities.talos(watch.clusterUid, watch.secretsVersion) : undefined
      const credentials = minted?.ok ? minted.value : undefined
      if (credentials) {
        const sight = await lookInside(connected(credentials), machine, signal)
        if (sight) return sight
        close()
      }
      const presence = await probeNode({ dialer, address, credentials, signal })
      switch (presence.is) {
        case 'absent':
          return UNREACHABLE
        case 'maintenance':
          return { stage: presence.uuid === machineId ? 'maintenance' : 'foreign', ready: false }
        case 'configured':
          // Without our own credentials nobody can tell whose configuration it carries.
          if (presence.uuid === undefined) return { stage: 'unknown', ready: false }
          return { stage: presence.uuid === machineId ? 'booting' : 'foreign', ready: false }
        case 'foreign':
          return { stage: 'foreign', ready: false }
      }
    },
  }
}

/** Undefined when the node does not let us in: then who answers must be found out anew. */
async function lookInside(node: TalosNode, machine: Watched, signal: AbortSignal): Promise<TalosSight | undefined> {
  const identity = await node.readIdentity(signal)
  if (!identity.ok) return undefined
  if (identity.value.uuid !== machine.machineId) return { stage: 'foreign', ready: false }
  const [status, version, bootId, etcd] = await Promise.all([
    node.machineStatus(signal),
    node.version(signal),
    node.bootId(signal),
    machine.role === 'controlplane' ? node.etcdStatus(signal) : undefined,
  ])
  return {
    stage: status.ok ? (STAGES[status.value.stage] ?? 'unknown') : 'unknown',
    ready: status.ok && status.value.ready,
    ...(version.ok ? { talosVersion: version.value.tag } : {}),
    ...(bootId.ok ? { bootId: bootId.value } : {}),
    ...(etcd?.ok ? { etcd: etcdSight(etcd.value) } : {}),
  }
}

const etcdSight = ({ memberId, leaderId, learner, errors }: EtcdStatus): NonNullable<TalosSight['etcd']> => ({
  memberId,
  learner,
  leader: memberId === leaderId,
  healthy: !NO_LEADER.test(leaderId) && errors.length === 0,
})
