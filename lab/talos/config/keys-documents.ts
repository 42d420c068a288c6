import { anything, choice, fields, flag, integer, list, map, text, type Shape } from './shape.ts'

/** What the documents beside v1alpha1 may hold in every supported Talos, by kind; editions add their own. A kind that is nowhere is refused. */
export const head = { apiVersion: text, kind: text }
export const named = { ...head, name: text }
export const link = {
  up: flag,
  mtu: integer,
  addresses: list(fields({ address: text, routePriority: integer })),
  routes: list(fields({ destination: text, gateway: text, source: text, metric: integer, mtu: integer, table: text })),
  multicast: flag,
}
export const encryption = fields({
  provider: choice('luks2'),
  keys: list(
    fields({
      slot: integer,
      static: fields({ passphrase: text }),
      nodeID: fields({}),
      kms: fields({ endpoint: text }),
      tpm: anything,
      lockToState: flag,
    }),
  ),
  cipher: text,
  keySize: integer,
  blockSize: integer,
  options: list(text),
})
export const provisioning = fields({ diskSelector: fields({ match: text }), grow: flag, minSize: text, maxSize: text })

export const DOCUMENTS: Readonly<Record<string, Shape>> = {
  HostnameConfig: fields({ ...head, auto: choice('stable', 'off'), hostname: text }),
  LinkConfig: fields({ ...named, ...link }),
  LinkAliasConfig: fields({ ...named, selector: fields({ match: text }) }),
  VLANConfig: fields({ ...named, ...link, vlanID: integer, vlanMode: choice('802.1q', '802.1ad'), parent: text }),
  ResolverConfig: fields({
    ...head,
    nameservers: list(fields({ address: text })),
    searchDomains: fields({ domains: list(text), disableDefault: flag }),
  }),
  TimeSyncConfig: fields({
    ...head,
    enabled: flag,
    bootTimeout: text,
    ntp: fields({ servers: list(text) }),
    ptp: fields({ devices: list(text) }),
  }),
  DHCPv4Config: fields({
    ...named,
    routeMetric: integer,
    ignoreHostname: flag,
    clientIdentifier: choice('none', 'mac', 'duid'),
    duidRaw: text,
  }),
  Layer2VIPConfig: fields({ ...named, link: text }),
  StaticHostConfig: fields({ ...named, hostnames: list(text) }),
  EthernetConfig: fields({ ...named, features: map(flag), rings: anything, channels: anything, wakeOnLan: list(text) }),
  NetworkDefaultActionConfig: fields({ ...head, ingress: choice('accept', 'block') }),
  NetworkRuleConfig: fields({
    ...named,
    portSelector: fields({ ports: list(anything), protocol: choice('tcp', 'udp', 'icmp', 'icmpv6') }),
    ingress: list(fields({ subnet: text, except: text })),
  }),
  VolumeConfig: fields({ ...named, provisioning, encryption }),
  UserVolumeConfig: fields({
    ...named,
    volumeType: choice('directory', 'disk', 'partition'),
    provisioning,
    filesystem: fields({ type: choice('ext4', 'xfs'), projectQuotaSupport: flag }),
    encryption,
    mount: fields({ disableAccessTime: flag, secure: flag }),
  }),
  RegistryMirrorConfig: fields({
    ...named,
    endpoints: list(fields({ url: text, overridePath: flag })),
    skipFallback: flag,
  }),
  RegistryAuthConfig: fields({ ...named, username: text, password: text, auth: text, identityToken: text }),
  RegistryTLSConfig: fields({ ...named, clientIdentity: anything, ca: text, insecureSkipVerify: flag }),
  ExtensionServiceConfig: fields({
    ...named,
    configFiles: list(fields({ content: text, mountPath: text })),
    environment: list(text),
  }),
  TrustedRootsConfig: fields({ ...named, certificates: text }),
  WatchdogTimerConfig: fields({ ...head, device: text, timeout: text }),
  KmsgLogConfig: fields({ ...named, url: text }),
  DummyLinkConfig: fields({ ...named, ...link, hardwareAddr: text }),
  BridgeConfig: fields({ ...named, ...link, hardwareAddr: text, links: list(text), stp: anything, vlan: anything }),
  DHCPv6Config: fields({
    ...named,
    routeMetric: integer,
    ignoreHostname: flag,
    clientIdentifier: choice('none', 'mac', 'duid'),
    duidRaw: text,
  }),
  RawVolumeConfig: fields({ ...named, provisioning, encryption }),
  SwapVolumeConfig: fields({ ...named, provisioning, encryption }),
  ExistingVolumeConfig: fields({
    ...named,
    discovery: fields({ volumeSelector: fields({ match: text }) }),
    mount: fields({ readOnly: flag }),
  }),
  ZswapConfig: fields({ ...head, maxPoolPercent: integer, shrinkerEnabled: flag }),
  PCIDriverRebindConfig: fields({ ...named, targetDriver: text }),
  SideroLinkConfig: fields({ ...head, apiUrl: text, uniqueToken: text }),
  EventSinkConfig: fields({ ...head, endpoint: text }),
}

/** Kinds of which there may be several, told apart by name. */
export const NAMED_KINDS: ReadonlySet<string> = new Set([
  'LinkConfig',
  'LinkAliasConfig',
  'VLANConfig',
  'DHCPv4Config',
  'Layer2VIPConfig',
  'StaticHostConfig',
  'EthernetConfig',
  'NetworkRuleConfig',
  'VolumeConfig',
  'UserVolumeConfig',
  'RegistryMirrorConfig',
  'RegistryAuthConfig',
  'RegistryTLSConfig',
  'ExtensionServiceConfig',
  'TrustedRootsConfig',
  'KmsgLogConfig',
  'DummyLinkConfig',
  'BridgeConfig',
  'DHCPv6Config',
  'RawVolumeConfig',
  'SwapVolumeConfig',
  'ExistingVolumeConfig',
  'PCIDriverRebindConfig',
])
