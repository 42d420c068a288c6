import { z } from 'zod'
import * as shapes from './shapes.ts'

/**
 * What a node tells about itself, by name: where Talos keeps it and the fields we use. One line here makes it readable,
 * listable and watchable.
 *
 * Source: pkg/machinery/resources of Talos v1.13.9 and v1.14.0-rc.1; facts talos.md §4.6. `SecurityStates` really has no
 * group in its type, and `TimeStatuses` is in `runtime`.
 */
export interface ResourceKind<T> {
  readonly namespace: string
  readonly type: string
  /** Of a kind of which there is one; a list of the others is asked for. */
  readonly id?: string
  readonly schema: z.ZodType<T>
}

const text = z.string()
/** Go writes an empty list as `[]`, and a nil one as null. */
const listOf = <T>(item: z.ZodType<T>) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? [])
const optional = text.optional().transform((value) => value || undefined)

const Disk = z
  .object({
    dev_path: text,
    size: z.number(),
    readonly: z.boolean(),
    cdrom: z.boolean(),
    model: optional,
    serial: optional,
    wwid: optional,
    transport: optional,
    bus_path: optional,
    rotational: z.boolean().optional(),
  })
  .transform(({ dev_path, bus_path, size, rotational, ...rest }) => ({
    ...rest,
    path: dev_path,
    sizeBytes: size,
    busPath: bus_path,
    rotational: rotational ?? false,
  }))

const Link = z
  .object({
    type: text,
    kind: text,
    hardwareAddr: text.optional(),
    permanentAddr: text.optional(),
    mtu: z.number(),
    operationalState: text,
    linkState: z.boolean(),
  })
  .transform(({ hardwareAddr, permanentAddr, operationalState, linkState, ...rest }) => ({
    ...rest,
    // A bond shows one address on all of its members; only the permanent one is the card's own.
    mac: permanentAddr || hardwareAddr || undefined,
    state: operationalState,
    up: linkState,
  }))

const Member = z
  .object({ nodeId: text, addresses: listOf(text), hostname: text, machineType: text, operatingSystem: text })
  .transform(({ nodeId, machineType, operatingSystem, ...rest }) => ({
    ...rest,
    id: nodeId,
    role: machineType,
    /** As in `Talos (v1.13.9)`. */
    system: operatingSystem,
  }))

const NodeStatus = z
  .object({
    nodename: text,
    nodeReady: z.boolean(),
    unschedulable: z.boolean(),
    labels: z.record(text, text).nullish(),
  })
  .transform(({ nodename, nodeReady, unschedulable, labels }) => ({
    name: nodename,
    ready: nodeReady,
    schedulable: !unschedulable,
    labels: labels ?? {},
  }))

const Image = z.object({ image: text })

/** A pod's status as Kubernetes writes it. */
const StaticPod = z
  .object({ phase: text, conditions: listOf(z.object({ type: text, status: text })) })
  .transform(({ phase, conditions }) => ({
    phase,
    ready: conditions.some((one) => one.type === 'Ready' && one.status === 'True'),
  }))

const SystemInformation = z
  .object({ uuid: text.min(1), serialnumber: optional, manufacturer: optional, productName: optional })
  .transform(({ uuid, serialnumber, ...rest }) => ({ ...rest, uuid: uuid.toLowerCase(), serial: serialnumber }))

const SecurityState = z
  .object({ secureBoot: z.boolean(), bootedWithUKI: z.boolean().optional() })
  .transform(({ secureBoot, bootedWithUKI }) => ({ secureBoot, bootedWithUki: bootedWithUKI ?? false }))

const Volume = z
  .object({
    phase: text,
    type: text.optional(),
    location: optional,
    size: z.number().optional(),
    errorMessage: optional,
  })
  .transform(({ size, errorMessage, ...rest }) => ({ ...rest, sizeBytes: size ?? 0, error: errorMessage }))

const kind = <T, I extends string | undefined = undefined>(
  namespace: string,
  type: string,
  schema: z.ZodType<T>,
  id?: I,
) => ({ namespace, type, schema, id }) as ResourceKind<T> & { readonly id: I }

export const RESOURCES = {
  /** From Talos 1.14 on; `TalosNode.bootId` knows how older ones say it. */
  bootId: kind('runtime', 'BootIDs.runtime.talos.dev', shapes.BootId, 'boot-id'),
  machineStatus: kind('runtime', 'MachineStatuses.runtime.talos.dev', shapes.Status, 'machine'),
  diagnostics: kind('runtime', 'Diagnostics.runtime.talos.dev', shapes.Diagnostic),
  securityState: kind('runtime', 'SecurityStates.talos.dev', SecurityState, 'securitystate'),
  kernelCmdline: kind('runtime', 'KernelCmdlines.runtime.talos.dev', z.object({ cmdline: text }), 'cmdline'),
  services: kind(
    'runtime',
    'Services.v1alpha1.talos.dev',
    z.object({ running: z.boolean(), healthy: z.boolean(), unknown: z.boolean() }),
  ),
  extensions: kind(
    'runtime',
    'ExtensionStatuses.runtime.talos.dev',
    z.object({ metadata: z.object({ name: text, version: text }) }).transform(({ metadata }) => metadata),
  ),
  /** From Talos 1.14 on. `waiting-for-reboot` waits for us. */
  unattendedInstall: kind(
    'runtime',
    'UnattendedInstallStatuses.runtime.talos.dev',
    z.object({
      phase: z.enum(['pending', 'installing', 'installed', 'waiting-for-reboot', 'failed']),
      image: optional,
      error: optional,
    }),
    'unattended-install',
  ),
  /** From Talos 1.14 on: what the running system was built from. */
  schematic: kind(
    'runtime',
    'ImageFactorySchematics.runtime.talos.dev',
    z.object({ schematicId: text }).transform(({ schematicId }) => ({ id: schematicId })),
    'image-factory-schematic',
  ),
  systemInformation: kind('hardware', 'SystemInformations.hardware.talos.dev', SystemInformation, 'systeminformation'),
  disks: kind('runtime', 'Disks.block.talos.dev', Disk),
  systemDisk: kind(
    'runtime',
    'SystemDisks.block.talos.dev',
    z.object({ diskID: text, devPath: text }).transform(({ diskID, devPath }) => ({ id: diskID, path: devPath })),
    'system-disk',
  ),
  volumes: kind('runtime', 'VolumeStatuses.block.talos.dev', Volume),
  /** In CIDR form; those the node has now, without those of pods and services. */
  addresses: kind('network', 'NodeAddresses.net.talos.dev', z.object({ addresses: listOf(text) }), 'current'),
  links: kind('network', 'LinkStatuses.net.talos.dev', Link),
  hostname: kind(
    'network',
    'HostnameStatuses.net.talos.dev',
    z.object({ hostname: text, domainname: text }),
    'hostname',
  ),
  /** With keys in it. */
  activeConfig: kind('config', 'MachineConfigs.config.talos.dev', shapes.ConfigText, 'v1alpha1'),
  persistentConfig: kind('config', 'MachineConfigs.config.talos.dev', shapes.ConfigText, 'persistent'),
  members: kind('cluster', 'Members.cluster.talos.dev', Member),
  etcdMember: kind(
    'etcd',
    'EtcdMembers.etcd.talos.dev',
    z.object({ memberID: text }).transform(({ memberID }) => ({ id: memberID.padStart(16, '0') })),
    'local',
  ),
  nodename: kind('k8s', 'Nodenames.kubernetes.talos.dev', z.object({ nodename: text }), 'nodename'),
  nodeStatuses: kind('k8s', 'NodeStatuses.kubernetes.talos.dev', NodeStatus),
  staticPods: kind('k8s', 'StaticPodStatuses.kubernetes.talos.dev', StaticPod),
  /** What the static pods of a control plane are made from; their pods carry its version as `talos.dev/config-version`. */
  apiServer: kind('controlplane', 'APIServerConfigs.kubernetes.talos.dev', Image, 'kube-apiserver'),
  controllerManager: kind(
    'controlplane',
    'ControllerManagerConfigs.kubernetes.talos.dev',
    Image,
    'kube-controller-manager',
  ),
  scheduler: kind('controlplane', 'SchedulerConfigs.kubernetes.talos.dev', Image, 'kube-scheduler'),
  kubelet: kind('k8s', 'KubeletSpecs.kubernetes.talos.dev', Image, 'kubelet'),
  /** What Talos itself wants to be in Kubernetes, each a list of objects. */
  manifests: kind('controlplane', 'Manifests.kubernetes.talos.dev', listOf(z.record(text, z.unknown()))),
  timeStatus: kind(
    'runtime',
    'TimeStatuses.v1alpha1.talos.dev',
    z.object({ synced: z.boolean(), syncDisabled: z.boolean() }),
    'node',
  ),
} as const

export type ResourceName = keyof typeof RESOURCES
type KindOf<N extends ResourceName> = (typeof RESOURCES)[N]
/** What a resource of this name says. */
export type SpecOf<N extends ResourceName> = KindOf<N> extends ResourceKind<infer T> ? T : never
/** Names of which there is one resource. */
export type SingleName = { [N in ResourceName]: KindOf<N>['id'] extends string ? N : never }[ResourceName]
export type ListName = Exclude<ResourceName, SingleName>
