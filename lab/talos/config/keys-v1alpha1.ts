import { anything, choice, fields, flag, integer, list, map, text, type Shape } from './shape.ts'

/**
 * What the v1alpha1 document of Talos 1.12 to 1.14 may hold. Every key Talos reads is known; the lab acts on those that
 * make a node what it is to others: names, addresses, authorities, versions, labels.
 */
const certificateAndKey = fields({ crt: text, key: text })
const extraArgs = map(anything)
const volumes = list(fields({ hostPath: text, mountPath: text, readonly: flag }))
const resources = fields({ requests: anything, limits: anything })
const cidrs = list(text)

const kubelet = fields({
  image: text,
  clusterDNS: list(text),
  extraArgs,
  extraMounts: list(
    fields({
      destination: text,
      type: text,
      source: text,
      options: list(text),
      uidMappings: anything,
      gidMappings: anything,
    }),
  ),
  extraConfig: anything,
  credentialProviderConfig: anything,
  defaultRuntimeSeccompProfileEnabled: flag,
  registerWithFQDN: flag,
  nodeIP: fields({ validSubnets: cidrs }),
  skipNodeRegistration: flag,
  disableManifestsDirectory: flag,
})

const install = fields({
  disk: text,
  diskSelector: anything,
  extraKernelArgs: list(text),
  image: text,
  wipe: flag,
  legacyBIOSSupport: flag,
  grubUseUKICmdline: flag,
})

const features = fields({
  kubernetesTalosAPIAccess: fields({
    enabled: flag,
    allowedRoles: list(text),
    allowedKubernetesNamespaces: list(text),
  }),
  rbac: flag,
  stableHostname: flag,
  apidCheckExtKeyUsage: flag,
  diskQuotaSupport: flag,
  kubePrism: fields({ enabled: flag, port: integer }),
  hostDNS: fields({ enabled: flag, forwardKubeDNSToHost: flag, resolveMemberNames: flag }),
  imageCache: fields({ localEnabled: flag }),
  nodeAddressSortAlgorithm: text,
})

const route = fields({ network: text, gateway: text, source: text, metric: integer, mtu: integer })
const network = fields({
  hostname: text,
  interfaces: list(
    fields({
      interface: text,
      deviceSelector: anything,
      addresses: list(text),
      cidr: text,
      routes: list(route),
      bond: anything,
      bridge: anything,
      bridgePort: anything,
      vlans: list(anything),
      mtu: integer,
      dhcp: flag,
      ignore: flag,
      dummy: flag,
      dhcpOptions: anything,
      wireguard: anything,
      vip: fields({ ip: text, equinixMetal: anything, hcloud: anything }),
    }),
  ),
  nameservers: list(text),
  searchDomains: list(text),
  extraHostEntries: list(fields({ ip: text, aliases: list(text) })),
  kubespan: anything,
  disableSearchDomain: flag,
})

const machine = fields({
  type: text,
  token: text,
  ca: certificateAndKey,
  acceptedCAs: list(fields({ crt: text })),
  certSANs: list(text),
  controlPlane: fields({ controllerManager: fields({ disabled: flag }), scheduler: fields({ disabled: flag }) }),
  kubelet,
  pods: list(anything),
  install,
  network,
  time: fields({ disabled: flag, servers: list(text), bootTimeout: text }),
  env: map(text),
  disks: list(anything),
  systemDiskEncryption: anything,
  registries: fields({ mirrors: anything, config: anything }),
  files: list(fields({ content: text, permissions: integer, path: text, op: choice('create', 'append', 'overwrite') })),
  sysctls: map(text),
  sysfs: map(text),
  features,
  udev: fields({ rules: list(text) }),
  logging: fields({ destinations: list(fields({ endpoint: anything, format: text, extraTags: map(text) })) }),
  kernel: fields({ modules: list(fields({ name: text, parameters: list(text) })) }),
  seccompProfiles: list(fields({ name: text, value: anything })),
  baseRuntimeSpecOverrides: anything,
  nodeLabels: map(text),
  nodeAnnotations: map(text),
  nodeTaints: map(text),
})

const apiServer = fields({
  image: text,
  extraArgs,
  extraVolumes: volumes,
  env: map(text),
  certSANs: list(text),
  admissionControl: list(fields({ name: text, configuration: anything })),
  auditPolicy: anything,
  disablePodSecurityPolicy: flag,
  resources,
  authorizationConfig: list(fields({ type: text, name: text, webhook: anything })),
})

const cluster = fields({
  id: text,
  secret: text,
  controlPlane: fields({ endpoint: text, localAPIServerPort: integer }),
  clusterName: text,
  network: fields({
    cni: fields({
      name: choice('flannel', 'custom', 'none'),
      urls: list(text),
      flannel: fields({ extraArgs: list(text), kubeNetworkPoliciesEnabled: flag }),
    }),
    dnsDomain: text,
    podSubnets: cidrs,
    serviceSubnets: cidrs,
  }),
  token: text,
  aescbcEncryptionSecret: text,
  secretboxEncryptionSecret: text,
  ca: certificateAndKey,
  acceptedCAs: list(fields({ crt: text })),
  aggregatorCA: certificateAndKey,
  serviceAccount: fields({ key: text }),
  apiServer,
  controllerManager: fields({ image: text, extraArgs, extraVolumes: volumes, env: map(text), resources }),
  proxy: fields({ disabled: flag, image: text, mode: text, extraArgs }),
  scheduler: fields({ image: text, extraArgs, extraVolumes: volumes, env: map(text), resources, config: anything }),
  discovery: fields({
    enabled: flag,
    registries: fields({ kubernetes: fields({ disabled: flag }), service: fields({ disabled: flag, endpoint: text }) }),
  }),
  etcd: fields({ image: text, ca: certificateAndKey, extraArgs, advertisedSubnets: cidrs, listenSubnets: cidrs }),
  coreDNS: fields({ disabled: flag, image: text }),
  externalCloudProvider: fields({ enabled: flag, manifests: list(text) }),
  extraManifests: list(text),
  extraManifestHeaders: map(text),
  inlineManifests: list(fields({ name: text, contents: text })),
  adminKubeconfig: fields({ certLifetime: text }),
  allowSchedulingOnControlPlanes: flag,
})

export const V1ALPHA1: Shape = fields({ version: text, debug: flag, persist: flag, machine, cluster })
