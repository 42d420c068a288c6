import { hashOf } from '../base/canonical-json.ts'
import { invariant } from '../base/invariant.ts'
import type { AskedMachine } from '../model/cluster-machines.ts'
import type { ClusterSpec } from '../model/cluster.ts'
import type { ConfigIntent } from '../model/operation.ts'
import type { ConfigSettings } from '../model/talos-intent.ts'
import { schematicIdOf } from '../talos/schematic.ts'
import { hashOnce } from './hash-once.ts'
import { classOf, networkOf, nodeNetworkOf, type ClusterDocuments } from './documents.ts'
import { withPrefix } from './machines.ts'
import type { MachineView } from './view.ts'

/**
 * The non-secret inputs of the configuration of `machine`, which is `asked` in the documents; their hash decides whether
 * the machine needs to be configured.
 */
export function intentFor(
  machine: MachineView,
  asked: AskedMachine,
  documents: ClusterDocuments,
  contract: string | undefined,
): ConfigIntent {
  const { cluster } = documents
  const nodeNetwork = nodeNetworkOf(documents)
  invariant(machine.placement, 'only a placed machine has an intent')
  invariant(nodeNetwork.gateway !== undefined, 'no cluster has its nodes on an isolated network')
  return {
    talosVersion: cluster.spec.talos.version,
    contract,
    kubernetesVersion: cluster.spec.kubernetes.version,
    schematicId: schematicIdOf(cluster.spec.talos.extensions),
    clusterName: cluster.metadata.name,
    vip: cluster.spec.endpoint.vip,
    role: machine.role,
    schedulable: cluster.spec.controlPlane.schedulable,
    hostname: machine.name,
    nics: machine.placement.nics.map(({ network, mac, address }, index) => {
      const { cidr, gateway, mtu, addressing } = networkOf(documents, network)
      return {
        mac,
        ...(addressing === 'dhcp'
          ? {}
          : {
              addressCidr: withPrefix(address, cidr),
              ...(index === 0 && gateway !== undefined ? { gateway } : {}),
            }),
        ...(mtu === undefined ? {} : { mtu }),
      }
    }),
    networkCidr: nodeNetwork.cidr,
    nameservers: nodeNetwork.nameservers ?? [nodeNetwork.gateway],
    ...(machine.placement.boot === 'iso' ? { installDisk: machine.placement.disks[0]!.name } : {}),
    ...(classOf(documents, asked.class).secureBoot === true ? { secureBoot: true } : {}),
    settings: settingsOf(cluster.spec, asked),
  }
}

/** What the spec says beyond what every machine has. Nothing said is nothing here, so that older hashes stay. */
function settingsOf(spec: ClusterSpec, { name, settings }: AskedMachine): ConfigSettings | undefined {
  const { version: _, extensions: __, patches: cluster, ...talos } = spec.talos
  const { version: ___, ...kubernetes } = spec.kubernetes
  const { patches: set, nodeLabels, nodeTaints, nodeAnnotations } = settings
  return said({
    talos: said(talos),
    kubernetes: said(kubernetes),
    node: said({ nodeLabels, nodeTaints, nodeAnnotations }),
    patches: said({ cluster, set, machine: spec.machinePatches?.[name] }),
  })
}

/** The members that say something; undefined when none does. */
function said<T extends object>(members: T): T | undefined {
  const kept = Object.entries(members).filter(([, member]) => member !== undefined)
  return kept.length > 0 ? (Object.fromEntries(kept) as T) : undefined
}

export function intentHash(intent: ConfigIntent): string {
  const { settings } = intent
  if (!settings?.patches) return hashOf(intent)
  const { cluster, set, machine } = settings.patches
  const patches = { cluster: hashOnce(cluster), set: hashOnce(set), machine: hashOnce(machine) }
  return hashOf({ ...intent, settings: { ...settings, patches } })
}
