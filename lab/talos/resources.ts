import type { CosiDraft } from './resource-table.ts'
import { bare } from './network.ts'
import type { TalosNode } from './node.ts'

/** Types a node knows, whether or not there is one at the moment; others are refused by name. */
export const KNOWN_TYPES = {
  machineStatus: 'MachineStatuses.runtime.talos.dev',
  systemInformation: 'SystemInformations.hardware.talos.dev',
  machineConfig: 'MachineConfigs.config.talos.dev',
  nodeAddress: 'NodeAddresses.net.talos.dev',
  linkStatus: 'LinkStatuses.net.talos.dev',
  hostnameStatus: 'HostnameStatuses.net.talos.dev',
  bootId: 'BootIDs.runtime.talos.dev',
  etcdMember: 'EtcdMembers.etcd.talos.dev',
  member: 'Members.cluster.talos.dev',
  service: 'Services.v1alpha1.talos.dev',
  staticPodStatus: 'StaticPodStatuses.kubernetes.talos.dev',
  nodename: 'Nodenames.kubernetes.talos.dev',
  disk: 'Disks.block.talos.dev',
  systemDisk: 'SystemDisks.block.talos.dev',
  diagnostic: 'Diagnostics.runtime.talos.dev',
  timeStatus: 'TimeStatuses.v1alpha1.talos.dev',
} as const

/** Only os:admin may read these. */
export const SENSITIVE_TYPES: ReadonlySet<string> = new Set([KNOWN_TYPES.machineConfig])

const GIB = 1024 ** 3

/** Everything a node shows over COSI, computed from what it is. */
export function resourcesOf(node: TalosNode): readonly CosiDraft[] {
  const draft = (namespace: string, type: string, id: string, spec: unknown): CosiDraft => ({
    namespace,
    type,
    id,
    spec,
  })
  const addresses = node.links.flatMap((link) => link.addresses)
  const drafts = [
    draft('runtime', KNOWN_TYPES.machineStatus, 'machine', machineStatus(node)),
    draft('runtime', KNOWN_TYPES.bootId, 'boot-id', { bootID: node.bootId }),
    draft('hardware', KNOWN_TYPES.systemInformation, 'systeminformation', {
      manufacturer: 'QEMU',
      productName: 'Standard PC (Q35 + ICH9, 2009)',
      version: 'pc-q35-10.1',
      uuid: node.uuid,
      wakeUpType: 'Power Switch',
    }),
    draft('network', KNOWN_TYPES.hostnameStatus, 'hostname', { hostname: node.hostname, domainname: '' }),
    ...['default', 'current', 'routed', 'accumulative'].map((id) =>
      draft('network', KNOWN_TYPES.nodeAddress, id, {
        addresses: id === 'default' ? addresses.slice(0, 1) : addresses,
        sortAlgorithm: 'v2',
      }),
    ),
    ...node.links.map((link, index) =>
      draft('network', KNOWN_TYPES.linkStatus, link.name, {
        ...(link.alias === undefined ? {} : { alias: link.alias }),
        index: index + 2,
        type: 'ether',
        linkIndex: 0,
        flags: 'UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP',
        hardwareAddr: link.mac,
        permanentAddr: link.mac,
        broadcastAddr: 'ff:ff:ff:ff:ff:ff',
        mtu: 1500,
        operationalState: 'up',
        kind: '',
        slaveKind: '',
        driver: 'virtio_net',
        linkState: true,
      }),
    ),
    draft('runtime', KNOWN_TYPES.timeStatus, 'node', { synced: node.timeSynced, epoch: 0, syncDisabled: false }),
    ...node.services.all().map((service) =>
      draft('runtime', KNOWN_TYPES.service, service.id, {
        running: service.state === 'Running',
        healthy: service.healthy,
        unknown: service.unknown,
      }),
    ),
  ]
  const disk = node.hardware.disk
  if (disk) {
    const size = disk.sizeGiB * GIB
    drafts.push(
      draft('runtime', KNOWN_TYPES.disk, 'sda', {
        dev_path: '/dev/sda',
        size,
        pretty_size: `${Math.round(size / 1e9)} GB`,
        io_size: 512,
        sector_size: 512,
        readonly: false,
        cdrom: false,
        model: 'QEMU HARDDISK',
        serial: 'drive-scsi0',
        bus_path: '/pci0000:00/0000:00:05.0/virtio2/host6/target6:0:0/6:0:0:0',
        sub_system: '/sys/class/block',
        transport: 'virtio',
      }),
      draft('runtime', KNOWN_TYPES.systemDisk, 'system-disk', { diskID: 'sda', devPath: '/dev/sda' }),
    )
  }
  return node.config ? [...drafts, ...configuredResources(node)] : drafts
}

function configuredResources(node: TalosNode): readonly CosiDraft[] {
  const { config, cluster, disk } = node
  if (!config) return []
  const drafts: CosiDraft[] = [
    { namespace: 'config', type: KNOWN_TYPES.machineConfig, id: 'v1alpha1', spec: config.source },
    {
      namespace: 'config',
      type: KNOWN_TYPES.machineConfig,
      id: 'persistent',
      spec: disk?.staged ?? disk?.config ?? config.source,
    },
    {
      namespace: 'k8s',
      type: KNOWN_TYPES.nodename,
      id: 'nodename',
      spec: { nodename: node.hostname, hostnameVersion: '1', skipNodeRegistration: false },
    },
  ]
  if (!cluster) return drafts
  const member = cluster.etcd.member(disk?.etcdMember?.memberId)
  if (member?.running)
    drafts.push({
      namespace: 'etcd',
      type: KNOWN_TYPES.etcdMember,
      id: 'local',
      spec: { memberID: member.id.toString(16).padStart(16, '0') },
    })
  // Members are found through the discovery service, whose data are encrypted with the cluster's secret.
  const visible = config.discoveryEnabled
    ? [...cluster.nodes].filter((other) => other.config?.discoveryEnabled)
    : [node]
  for (const other of visible)
    drafts.push({
      namespace: 'cluster',
      type: KNOWN_TYPES.member,
      id: other.hostname,
      spec: {
        nodeId: other.uuid.replaceAll('-', ''),
        addresses: other.links.flatMap((link) => link.addresses).map(bare),
        hostname: other.hostname,
        machineType: other.config?.type,
        operatingSystem: `Talos (${other.disk?.talosVersion ?? ''})`,
        ...(other.config?.controlPlane ? { controlPlane: { port: other.config.apiPort } } : {}),
      },
    })
  if (config.controlPlane && node.services.healthy('kubelet'))
    for (const app of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) {
      const pod = cluster.kubernetes.store.find('pods', `${app}-${node.hostname}`, 'kube-system')
      if (pod)
        drafts.push({
          namespace: 'k8s',
          type: KNOWN_TYPES.staticPodStatus,
          id: `kube-system/${app}-${node.hostname}`,
          spec: pod['status'],
        })
    }
  return drafts
}

function machineStatus(node: TalosNode): unknown {
  const unmet: { name: string; reason: string }[] = []
  const require = (name: string, met: boolean, reason: string) => {
    if (!met) unmet.push({ name, reason })
  }
  if (node.config) {
    require('time', node.timeSynced, 'time is not in sync')
    require('network', node.address !== '', 'waiting on: address')
    const sick = node.services
      .all()
      .filter((service) => !service.healthy && !service.unknown)
      .map((service) => `${service.id} not healthy`)
    const waiting = ['kubelet', ...(node.config.controlPlane ? ['etcd'] : [])].filter(
      (id) => !node.services.healthy(id),
    )
    require('services', sick.length + waiting.length === 0, [...sick, ...waiting.map((id) => `${id} not running`)].join(
      ', ',
    ))
    require('staticPods', !node.config.controlPlane ||
      node.apiServer !== undefined, 'kube-system/kube-apiserver not ready')
    require('nodeReady', node.nodeReady, `node "${node.hostname}" status is not available yet`)
  }
  return { stage: node.stage, status: { ready: unmet.length === 0, unmetConditions: unmet } }
}
