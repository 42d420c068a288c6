import type { Lab } from './lab.ts'

/** The lab as it is at this moment, plain enough to print: for the demo, for crash tests, for a curious person. */
export function labState(lab: Pick<Lab, 'rate' | 'lan' | 'hypervisors' | 'nodes' | 'clusters'>) {
  return {
    rate: lab.rate,
    guests: lab.hypervisors
      .flatMap(({ node, guests }) => guests().map((vm) => ({ node, vm })))
      .map(({ node, vm }) => ({
        vmid: vm.vmid,
        host: node,
        name: vm.config.get('name') ?? '',
        running: vm.running !== undefined,
        foreign: vm.foreign,
      })),
    nodes: lab.nodes().map((node) => ({
      name: node.hostname,
      uuid: node.uuid,
      stage: node.stage,
      type: node.config?.type ?? null,
      addresses: node.links.flatMap((link) => link.addresses),
      talosVersion: node.disk?.talosVersion ?? null,
      configured: node.disk?.config !== undefined,
      ready: node.nodeReady,
      services: Object.fromEntries(node.services.all().map((service) => [service.id, service.state])),
    })),
    clusters: lab.clusters().map((cluster) => ({
      id: cluster.id,
      bootstrappedBy: cluster.etcd.bootstrappedBy ?? null,
      etcd: {
        quorum: cluster.etcd.hasQuorum(),
        leader: cluster.etcd.member(cluster.etcd.leader)?.name ?? null,
        members: cluster.etcd
          .members()
          .map(({ id, name, learner, running }) => ({ id: id.toString(16), name, learner, running })),
      },
      sharedAddresses: Object.fromEntries([...cluster.holders()].map(([address, holder]) => [address, holder ?? null])),
      kubernetesNodes: cluster.kubernetes.nodes().map((node) => ({ name: node.metadata.name, ready: readyOf(node) })),
    })),
    lan: { services: lab.lan.services(), conflicts: lab.lan.conflicts() },
  }
}
export type LabState = ReturnType<typeof labState>

function readyOf(node: { readonly [field: string]: unknown }): string {
  const status = node['status'] as
    | { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
    | undefined
  return status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown'
}
