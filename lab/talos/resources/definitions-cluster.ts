import { define, type Definition } from './define.ts'

/** The cluster: configuration, members, etcd, Kubernetes, secrets. */
const secret = (type: string): Definition => define('secrets', `${type}.secrets.talos.dev`, { sensitive: true })

export const CLUSTER_DEFINITIONS: readonly Definition[] = [
  define('config', 'MachineConfigs.config.talos.dev', { sensitive: true, owner: 'config.AcquireController' }),
  define('config', 'MachineTypes.config.talos.dev', {
    columns: { Type: '{@}' },
    owner: 'config.MachineTypeController',
  }),
  define('config', 'KubeSpanConfigs.kubespan.talos.dev', { sensitive: true }),
  define('config', 'DiscoveryConfigs.cluster.talos.dev', { sensitive: true }),
  define('config', 'SiderolinkStatuses.siderolink.talos.dev'),
  define('cluster', 'Members.cluster.talos.dev', {
    columns: {
      Hostname: '{.hostname}',
      'Machine Type': '{.machineType}',
      OS: '{.operatingSystem}',
      Addresses: '{.addresses}',
    },
    owner: 'cluster.MemberController',
  }),
  define('cluster', 'Affiliates.cluster.talos.dev', {
    columns: { Hostname: '{.hostname}', 'Machine Type': '{.machineType}', Addresses: '{.addresses}' },
    owner: 'cluster.AffiliateMergeController',
  }),
  define('cluster', 'Identities.cluster.talos.dev', {
    columns: { ID: '{.nodeId}' },
    owner: 'cluster.NodeIdentityController',
  }),
  define('cluster', 'Infos.cluster.talos.dev', {
    columns: { 'Cluster ID': '{.clusterId}', 'Cluster Name': '{.clusterName}' },
    owner: 'cluster.InfoController',
  }),
  define('etcd', 'EtcdMembers.etcd.talos.dev', {
    columns: { 'Member ID': '{.memberID}' },
    owner: 'etcd.MemberController',
  }),
  define('etcd', 'EtcdConfigs.etcd.talos.dev', { columns: { Image: '{.image}' } }),
  define('etcd', 'EtcdSpecs.etcd.talos.dev', {
    columns: { Name: '{.name}', AdvertisedAddresses: '{.advertisedAddresses}' },
    owner: 'etcd.SpecController',
  }),
  define('etcd', 'PKIStatuses.etcd.talos.dev', { columns: { Ready: '{.ready}', 'Secrets Version': '{.version}' } }),
  define('k8s', 'Nodenames.kubernetes.talos.dev', {
    columns: { Nodename: '{.nodename}' },
    owner: 'k8s.NodenameController',
  }),
  define('k8s', 'NodeStatuses.kubernetes.talos.dev', {
    columns: { Ready: '{.nodeReady}', Unschedulable: '{.unschedulable}' },
    owner: 'k8s.NodeStatusController',
  }),
  define('k8s', 'NodeIPs.kubernetes.talos.dev', { owner: 'k8s.NodeIPController' }),
  define('k8s', 'NodeIPConfigs.kubernetes.talos.dev'),
  define('k8s', 'KubeletConfigs.kubernetes.talos.dev'),
  define('k8s', 'KubeletSpecs.kubernetes.talos.dev', { owner: 'k8s.KubeletSpecController' }),
  define('k8s', 'StaticPods.kubernetes.talos.dev', { owner: 'k8s.ControlPlaneStaticPodController' }),
  define('k8s', 'StaticPodStatuses.kubernetes.talos.dev', {
    aliases: ['podstatus'],
    columns: { Ready: '{.conditions[?(@.type=="Ready")].status}' },
    owner: 'k8s.KubeletStaticPodController',
  }),
  define('k8s', 'KubePrismConfigs.kubernetes.talos.dev'),
  define('k8s', 'KubePrismEndpoints.kubernetes.talos.dev'),
  define('k8s', 'KubePrismStatuses.kubernetes.talos.dev', { columns: { HOST: '{.host}', HEALTHY: '{.healthy}' } }),
  define('k8s', 'NodeLabelSpecs.k8s.talos.dev', { columns: { Value: '{.value}' } }),
  define('k8s', 'NodeTaintSpecs.k8s.talos.dev', { columns: { Effect: '{.effect}', Value: '{.value}' } }),
  define('k8s', 'NodeCordonedSpecs.k8s.talos.dev'),
  define('controlplane', 'APIServerConfigs.kubernetes.talos.dev', { owner: 'k8s.ControlPlaneAPIServerController' }),
  define('controlplane', 'ControllerManagerConfigs.kubernetes.talos.dev', {
    owner: 'k8s.ControlPlaneControllerManagerController',
  }),
  define('controlplane', 'SchedulerConfigs.kubernetes.talos.dev', { owner: 'k8s.ControlPlaneSchedulerController' }),
  define('controlplane', 'BootstrapManifestsConfigs.kubernetes.talos.dev', {
    owner: 'k8s.ControlPlaneBootstrapManifestsController',
  }),
  define('controlplane', 'ExtraManifestsConfigs.kubernetes.talos.dev'),
  define('controlplane', 'Manifests.kubernetes.talos.dev', { owner: 'k8s.ManifestController' }),
  define('controlplane', 'ManifestStatuses.kubernetes.talos.dev'),
  define('controlplane', 'Endpoints.kubernetes.talos.dev', {
    columns: { Addresses: '{.addresses}', Hosts: '{.hosts}' },
    owner: 'k8s.EndpointController',
  }),
  define('controlplane', 'SecretStatuses.kubernetes.talos.dev', {
    aliases: ['secretstatus'],
    columns: { Ready: '{.ready}', 'Secrets Version': '{.version}' },
  }),
  define('controlplane', 'ConfigStatuses.kubernetes.talos.dev', {
    columns: { Ready: '{.ready}', 'Secrets Version': '{.version}' },
  }),
  secret('OSRootSecrets'),
  secret('EtcdRootSecrets'),
  secret('EtcdSecrets'),
  secret('KubernetesRootSecrets'),
  secret('KubernetesSecrets'),
  secret('KubernetesDynamicCerts'),
  secret('KubeletSecrets'),
  secret('ApiCertificates'),
  secret('CertSANs'),
]
