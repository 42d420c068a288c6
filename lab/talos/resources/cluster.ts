import { createHash } from 'node:crypto'
import { bare } from '../network.ts'
import type { TalosNode } from '../node.ts'
import type { CosiDraft } from '../resource-table.ts'
import { binaryConfig, binaryMember, type MemberFacts } from './binary.ts'
import { draft } from './draft.ts'

/** The configuration, and what a node knows of its cluster. Empty before there is a configuration. */
export function clusterResources(node: TalosNode): readonly CosiDraft[] {
  const { config, cluster, disk } = node
  if (!config) return [draft('MachineTypes', 'machine-type', 'unknown')]
  const saved = disk?.staged ?? disk?.config ?? config.source
  const drafts = [
    configDraft('v1alpha1', config.source),
    configDraft('persistent', saved),
    draft('MachineTypes', 'machine-type', config.type),
    draft('Infos', 'current', { clusterId: config.clusterId, clusterName: config.clusterName }),
    draft('Identities', 'local', { nodeId: nodeIdOf(node) }),
  ]
  if (!cluster) return drafts
  const member = cluster.etcd.member(disk?.etcdMember?.memberId)
  // Members are found through the discovery service, whose data are encrypted with the cluster's secret.
  const visible = config.discoveryEnabled
    ? [...cluster.nodes].filter((other) => other.config?.discoveryEnabled)
    : [node]
  return [
    ...drafts,
    ...(config.controlPlane
      ? [
          draft('EtcdSpecs', 'etcd', {
            name: node.hostname,
            advertisedAddresses: [node.address],
            image: `registry.k8s.io/etcd:v${node.edition.etcdVersion}`,
            listenPeerAddresses: ['0.0.0.0'],
            listenClientAddresses: ['0.0.0.0'],
          }),
          draft('PKIStatuses', 'etcd', { ready: true, version: '1' }),
        ]
      : []),
    ...(member?.running ? [draft('EtcdMembers', 'local', { memberID: member.id.toString(16).padStart(16, '0') })] : []),
    ...visible.flatMap((other) => {
      const facts = memberFacts(other)
      const { apiPort, ...common } = facts
      const controlPlane = apiPort === undefined ? {} : { controlPlane: { port: apiPort } }
      const spec = {
        nodeId: common.nodeId,
        addresses: common.addresses,
        hostname: common.hostname,
        machineType: common.type,
        operatingSystem: common.operatingSystem,
        ...controlPlane,
      }
      return [
        draft('Members', other.hostname, spec, () => binaryMember(facts)),
        draft('Affiliates', facts.nodeId, { ...spec, nodename: other.hostname }),
      ]
    }),
  ]
}

/** The annotation says that the YAML is a string that holds the text, and not the text itself. */
const configDraft = (id: string, text: string): CosiDraft => ({
  ...draft('MachineConfigs', id, text, () => binaryConfig(text)),
  annotations: { 'talos.dev/yaml-spec': '1' },
})

function memberFacts(node: TalosNode): MemberFacts {
  return {
    nodeId: nodeIdOf(node),
    addresses: node.links.flatMap((link) => link.addresses).map(bare),
    hostname: node.hostname,
    type: node.config?.type ?? 'worker',
    operatingSystem: `Talos (${node.disk?.talosVersion ?? ''})`,
    apiPort: node.config?.controlPlane ? node.config.apiPort : undefined,
  }
}

/** Random in Talos and kept on STATE; here it follows from the machine. */
const nodeIdOf = (node: TalosNode): string => createHash('sha256').update(`node ${node.uuid}`).digest('base64url')
