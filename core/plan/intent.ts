import { hashOf } from '../base/canonical-json.ts'
import { invariant } from '../base/invariant.ts'
import type { ConfigIntent } from '../model/operation.ts'
import { schematicIdOf } from '../talos/schematic.ts'
import type { ClusterDocuments } from './documents.ts'
import { withPrefix } from './machines.ts'
import type { MachineView } from './view.ts'

/** The non-secret inputs of a machine's configuration; its hash decides whether the machine needs to be configured. */
export function intentFor(machine: MachineView, documents: ClusterDocuments): ConfigIntent {
  const { cluster, network } = documents
  invariant(machine.placement, 'only a placed machine has an intent')
  return {
    talosVersion: cluster.spec.talos.version,
    kubernetesVersion: cluster.spec.kubernetes.version,
    schematicId: schematicIdOf(cluster.spec.talos.extensions),
    clusterName: cluster.metadata.name,
    vip: cluster.spec.endpoint.vip,
    role: machine.role,
    schedulable: cluster.spec.controlPlane.schedulable,
    hostname: machine.name,
    mac: machine.placement.mac,
    addressCidr: withPrefix(machine.address, network.spec.cidr),
    networkCidr: network.spec.cidr,
    gateway: network.spec.gateway,
    nameservers: network.spec.nameservers ?? [network.spec.gateway],
  }
}

export const intentHash = (intent: ConfigIntent): string => hashOf(intent)
