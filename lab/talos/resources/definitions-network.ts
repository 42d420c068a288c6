import { define, type Definition } from './define.ts'

/** The network: links, addresses, routes, names, time servers. */
export const NETWORK_DEFINITIONS: readonly Definition[] = [
  define('network', 'AddressStatuses.net.talos.dev', {
    aliases: ['address', 'addresses'],
    columns: { Address: '{.address}', Link: '{.linkName}' },
    owner: 'network.AddressStatusController',
  }),
  define('network', 'AddressSpecs.net.talos.dev'),
  define('network', 'NodeAddresses.net.talos.dev', {
    columns: { Addresses: '{.addresses}', SortAlgorithm: '{.sortAlgorithm}' },
    owner: 'network.NodeAddressController',
  }),
  define('network', 'LinkStatuses.net.talos.dev', {
    aliases: ['link', 'links'],
    columns: {
      Alias: '{.alias}',
      Type: '{.type}',
      Kind: '{.kind}',
      'Hw Addr': '{.hardwareAddr}',
      'Oper State': '{.operationalState}',
      'Link State': '{.linkState}',
    },
    owner: 'network.LinkStatusController',
  }),
  define('network', 'LinkSpecs.net.talos.dev'),
  define('network', 'LinkAliasSpecs.net.talos.dev', { columns: { Alias: '{.alias}' } }),
  define('network', 'HardwareAddresses.net.talos.dev', { owner: 'network.HardwareAddrController' }),
  define('network', 'RouteStatuses.net.talos.dev', {
    aliases: ['route', 'routes'],
    columns: {
      Destination: '{.dst}',
      Gateway: '{.gateway}',
      Link: '{.outLinkName}',
      Metric: '{.priority}',
    },
    owner: 'network.RouteStatusController',
  }),
  define('network', 'RouteSpecs.net.talos.dev'),
  define('network', 'HostnameStatuses.net.talos.dev', {
    aliases: ['hostname'],
    columns: { Hostname: '{.hostname}', Domainname: '{.domainname}' },
    owner: 'network.HostnameSpecController',
  }),
  define('network', 'HostnameSpecs.net.talos.dev'),
  define('network', 'ResolverStatuses.net.talos.dev', {
    aliases: ['resolvers'],
    columns: { Resolvers: '{.dnsServers}', 'Search Domains': '{.searchDomains}' },
    owner: 'network.ResolverSpecController',
  }),
  define('network', 'ResolverSpecs.net.talos.dev'),
  define('network', 'TimeServerStatuses.net.talos.dev', {
    aliases: ['timeserver', 'timeservers'],
    columns: { Timeservers: '{.timeServers}' },
    owner: 'network.TimeServerSpecController',
  }),
  define('network', 'TimeServerSpecs.net.talos.dev'),
  define('network', 'NetworkStatuses.net.talos.dev', {
    aliases: ['netstatus', 'netstatuses'],
    columns: {
      Address: '{.addressReady}',
      Connectivity: '{.connectivityReady}',
      Hostname: '{.hostnameReady}',
      Etc: '{.etcFilesReady}',
    },
    owner: 'network.StatusController',
  }),
  define('network', 'OperatorSpecs.net.talos.dev'),
  define('network', 'NfTablesChains.net.talos.dev', { aliases: ['chain', 'chains'] }),
  define('network', 'EthernetStatuses.net.talos.dev', {
    aliases: ['ethtool'],
    columns: { Link: '{.linkState}', Speed: '{.speedMbit}' },
  }),
  define('network', 'HostDNSConfigs.net.talos.dev', { columns: { Enabled: '{.enabled}' } }),
  define('network', 'DNSUpstreams.net.talos.dev', { columns: { Healthy: '{.healthy}', Address: '{.addr}' } }),
  define('network', 'DNSResolveCaches.net.talos.dev', { columns: { Status: '{.status}' } }),
  define('network', 'ProbeStatuses.net.talos.dev', { aliases: ['probe', 'probes'] }),
  define('kubespan', 'KubeSpanIdentities.kubespan.talos.dev', { sensitive: true }),
  define('kubespan', 'KubeSpanPeerStatuses.kubespan.talos.dev', {
    columns: { Label: '{.label}', Endpoint: '{.endpoint}', State: '{.state}' },
  }),
]
