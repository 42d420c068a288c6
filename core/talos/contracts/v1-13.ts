import type { ConfigDocument, MachineConfigInput, MachineNic } from '../machine-config.ts'

/**
 * What the Talos 1.13 generator writes: one v1alpha1 document, then network documents. Equal in meaning to upstream's
 * output for the same input; where this product decides otherwise, the line says why.
 *
 * Source: Talos v1.13.9 stability vectors; facts talos.md §3.1 and §5.9.
 */
export function documentsV113(input: MachineConfigInput): readonly ConfigDocument[] {
  return [
    mainDocument(input),
    hostnameDocument(input.machine.hostname),
    ...input.machine.nics.flatMap(linkDocuments),
    ...resolverDocuments(input.machine.nameservers),
    ...timeDocuments(input.machine.timeServers ?? []),
    ...vipDocuments(input),
  ]
}

const KUBE_PRISM_PORT = 7445
const API_VERSION = 'v1alpha1'

function mainDocument({ bundle, cluster, machine }: MachineConfigInput): ConfigDocument {
  const controlPlane = machine.role === 'controlplane'
  const { certs, secrets } = bundle
  // Only control planes may hold keys of certificate authorities; Talos refuses a worker that does.
  const authority = (pair: { crt: string; key: string }) => ({ crt: pair.crt, key: controlPlane ? pair.key : '' })
  const ownNames = servingNames({ cluster, machine })

  return {
    version: API_VERSION,
    debug: false,
    persist: true,
    machine: {
      type: machine.role,
      token: bundle.trustdinfo.token,
      ca: authority(certs.os),
      certSANs: ownNames,
      kubelet: {
        image: `ghcr.io/siderolabs/kubelet:${cluster.kubernetesVersion}`,
        defaultRuntimeSeccompProfileEnabled: true,
        nodeIP: cluster.nodeNetworkCidr ? { validSubnets: [cluster.nodeNetworkCidr] } : undefined,
        disableManifestsDirectory: true,
      },
      install: { image: machine.installerImage, wipe: false, grubUseUKICmdline: true },
      features: {
        diskQuotaSupport: true,
        kubePrism: { enabled: true, port: KUBE_PRISM_PORT },
        hostDNS: { enabled: true, forwardKubeDNSToHost: true },
      },
      // Upstream keeps this label even when pods may run here; a load balancer would then never reach those pods.
      nodeLabels:
        controlPlane && !cluster.schedulableControlPlanes
          ? { 'node.kubernetes.io/exclude-from-external-load-balancers': '' }
          : undefined,
    },
    cluster: {
      id: bundle.cluster.id,
      secret: bundle.cluster.secret,
      controlPlane: { endpoint: cluster.endpoint },
      clusterName: cluster.name,
      network: {
        dnsDomain: cluster.dnsDomain ?? 'cluster.local',
        podSubnets: cluster.podSubnets ?? ['10.244.0.0/16'],
        serviceSubnets: cluster.serviceSubnets ?? ['10.96.0.0/12'],
      },
      token: secrets.bootstraptoken,
      aescbcEncryptionSecret: controlPlane ? secrets.aescbcencryptionsecret : undefined,
      secretboxEncryptionSecret: controlPlane ? secrets.secretboxencryptionsecret : undefined,
      ca: authority(certs.k8s),
      ...(controlPlane
        ? controlPlaneParts({ certs, cluster, certSANs: ownNames.length > 0 ? ownNames : undefined })
        : {}),
      discovery: { enabled: true, registries: { kubernetes: { disabled: true }, service: {} } },
      etcd: controlPlane
        ? {
            ca: certs.etcd,
            advertisedSubnets: cluster.nodeNetworkCidr ? [cluster.nodeNetworkCidr] : undefined,
          }
        : undefined,
      inlineManifests: controlPlane && cluster.inlineManifests?.length ? cluster.inlineManifests : undefined,
      allowSchedulingOnControlPlanes: controlPlane && cluster.schedulableControlPlanes ? true : undefined,
    },
  }
}

function controlPlaneParts({
  certs,
  cluster,
  certSANs,
}: {
  certs: MachineConfigInput['bundle']['certs']
  cluster: MachineConfigInput['cluster']
  certSANs: readonly string[] | undefined
}): ConfigDocument {
  const image = (component: string) => `registry.k8s.io/${component}:${cluster.kubernetesVersion}`
  return {
    aggregatorCA: certs.k8saggregator,
    serviceAccount: { key: certs.k8sserviceaccount.key },
    apiServer: {
      image: image('kube-apiserver'),
      certSANs,
      admissionControl: [{ name: 'PodSecurity', configuration: POD_SECURITY }],
      auditPolicy: { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] },
    },
    controllerManager: { image: image('kube-controller-manager') },
    proxy: { image: image('kube-proxy') },
    scheduler: { image: image('kube-scheduler') },
  }
}

const POD_SECURITY = {
  apiVersion: 'pod-security.admission.config.k8s.io/v1alpha1',
  defaults: {
    audit: 'restricted',
    'audit-version': 'latest',
    enforce: 'baseline',
    'enforce-version': 'latest',
    warn: 'restricted',
    'warn-version': 'latest',
  },
  exemptions: { namespaces: ['kube-system'], runtimeClasses: [], usernames: [] },
  kind: 'PodSecurityConfiguration',
}

/** The names under which the machine is dialled: its addresses, what the owner adds and, on a control plane, the VIP. */
function servingNames({ cluster, machine }: Pick<MachineConfigInput, 'cluster' | 'machine'>): readonly string[] {
  const vip = machine.role === 'controlplane' && cluster.vip ? [cluster.vip] : []
  const addresses = machine.nics.flatMap((nic) => nic.addresses.map((address) => address.split('/')[0]!))
  return [...new Set([...vip, ...addresses, ...machine.certSANs])]
}

const hostnameDocument = (hostname: string | undefined): ConfigDocument => ({
  apiVersion: API_VERSION,
  kind: 'HostnameConfig',
  auto: hostname === undefined ? 'stable' : 'off',
  hostname,
})

/** An alias found by MAC, because the name a kernel gives a NIC depends on its slot and on the image. */
const linkAlias = (index: number): string => `net${index}`

function linkDocuments(nic: MachineNic, index: number): readonly ConfigDocument[] {
  return [
    {
      apiVersion: API_VERSION,
      kind: 'LinkAliasConfig',
      name: linkAlias(index),
      selector: { match: `mac(link.permanent_addr) == "${nic.mac.toLowerCase()}"` },
    },
    {
      apiVersion: API_VERSION,
      kind: 'LinkConfig',
      name: linkAlias(index),
      up: true,
      addresses: nic.addresses.map((address) => ({ address })),
      routes: nic.gateway ? [{ gateway: nic.gateway }] : undefined,
    },
  ]
}

const resolverDocuments = (nameservers: readonly string[]): readonly ConfigDocument[] =>
  nameservers.length === 0
    ? []
    : [
        {
          apiVersion: API_VERSION,
          kind: 'ResolverConfig',
          nameservers: nameservers.map((address) => ({ address })),
        },
      ]

const timeDocuments = (servers: readonly string[]): readonly ConfigDocument[] =>
  servers.length === 0 ? [] : [{ apiVersion: API_VERSION, kind: 'TimeSyncConfig', ntp: { servers } }]

/** Workers never hold the VIP: it is elected through etcd. */
const vipDocuments = ({ cluster, machine }: MachineConfigInput): readonly ConfigDocument[] =>
  cluster.vip && machine.role === 'controlplane' && machine.nics.length > 0
    ? [{ apiVersion: API_VERSION, kind: 'Layer2VIPConfig', name: cluster.vip, link: linkAlias(0) }]
    : []
