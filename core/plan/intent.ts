import { hashOf } from '../base/canonical-json.ts'
import { invariant } from '../base/invariant.ts'
import type { ConfigIntent } from '../model/operation.ts'
import { schematicId, schematicOf } from '../talos/schematic.ts'
import { networkOf, nodeNetworkOf, type ClusterDocuments } from './documents.ts'
import { withPrefix } from './machines.ts'
import type { MachineView } from './view.ts'

/** The non-secret inputs of a machine's configuration; its hash decides whether the machine needs to be configured. */
export function intentFor(machine: MachineView, documents: ClusterDocuments): ConfigIntent {
  const { cluster } = documents
  const nodeNetwork = nodeNetworkOf(documents)
  invariant(machine.placement, 'only a placed machine has an intent')
  invariant(nodeNetwork.gateway !== undefined, 'no cluster has its nodes on an isolated network')
  return {
    talosVersion: cluster.spec.talos.version,
    kubernetesVersion: cluster.spec.kubernetes.version,
    schematicId: schematicId(schematicOf(cluster.spec.talos.extensions ?? [])),
    clusterName: cluster.metadata.name,
    vip: cluster.spec.endpoint.vip,
    role: machine.role,
    schedulable: cluster.spec.controlPlane.schedulable,
    hostname: machine.name,
    nics: machine.placement.nics.map(({ network, mac, address }, index) => {
      const { cidr, gateway, mtu } = networkOf(documents, network)
      return {
        mac,
        addressCidr: withPrefix(address, cidr),
        ...(index === 0 && gateway !== undefined ? { gateway } : {}),
        ...(mtu === undefined ? {} : { mtu }),
      }
    }),
    networkCidr: nodeNetwork.cidr,
    nameservers: nodeNetwork.nameservers ?? [nodeNetwork.gateway],
  }
}

export const intentHash = (intent: ConfigIntent): string => hashOf(intent)
