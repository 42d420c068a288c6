/** Documents about the network. Source: Talos 1.12 to 1.14 `pkg/machinery/config/types/network`. */
export const NETWORK_SHAPES = `
Address: address! cidr; routePriority u32
Route: destination cidr; gateway ip; source ip; metric u32; mtu u32; table text
Link: up flag; mtu u32; addresses &Address[]; routes &Route[]; multicast flag
kind LinkConfig: name! text; +Link
kind LinkAliasConfig: name! text; selector! &LinkSelector
LinkSelector: match cel:link
kind VLANConfig: name! text; vlanID! u16; vlanMode 802.1q|802.1ad; parent! text; +Link
kind DummyLinkConfig: name! text; hardwareAddr mac; +Link
kind BridgeConfig: name! text; hardwareAddr mac; links text[]; stp &BridgeSTP; vlan &BridgeVLAN; +Link
BridgeSTP: enabled flag
BridgeVLAN: filtering flag
kind BondConfig: name! text; hardwareAddr mac; links! text[];
  bondMode! balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb; miimon u32; updelay u32;
  downdelay u32; useCarrier flag; xmitHashPolicy layer2|layer3+4|layer2+3|encap2+3|encap3+4; arpInterval u32;
  arpIpTargets ip[]; nsIp6Targets ip[]; arpValidate none|active|backup|all|filter|filter-active|filter-backup;
  arpAllTargets any|all; lacpRate slow|fast; failOverMac none|active|follow; adSelect stable|bandwidth|count;
  adActorSysPrio u16; adUserPortKey u16; adLACPActive on|off; primaryReselect always|better|failure; resendIGMP u32;
  minLinks u32; lpInterval u32; packetsPerSlave u32; numPeerNotif u8; tlbLogicalLb u8; allSlavesActive u8;
  peerNotifDelay u32; missedMax u8; +Link
kind VRFConfig@13: name! text; hardwareAddr mac; links text[]; table! text; +Link
kind VethConfig@14: name! text; peer! &VethPeer; +Link
VethPeer: name! text; +Link
kind WireguardConfig: name! text; privateKey! text; listenPort int; firewallMark int; peers &WireguardPeer[]; +Link
WireguardPeer: publicKey! text; presharedKey text; endpoint endpoint; persistentKeepaliveInterval duration;
  allowedIPs cidr[]
kind DHCPv4Config: name! text; routeMetric u32; ignoreHostname flag; clientIdentifier none|mac|duid; duidRaw hex;
  ignoreRoutes@14 flag
kind DHCPv6Config: name! text; routeMetric u32; ignoreHostname flag; clientIdentifier none|mac|duid; duidRaw hex
kind EthernetConfig: name! text; features flags; rings &EthernetRings; channels &EthernetChannels;
  wakeOnLan phy|unicast|multicast|broadcast|magic|magicsecure|filter[]
EthernetRings: rx u32; tx u32; rx-mini u32; rx-jumbo u32; rx-buf-len u32; cqe-size u32; tx-push flag; rx-push flag;
  tx-push-buf-len u32; tcp-data-split flag
EthernetChannels: rx u32; tx u32; other u32; combined u32
kind HostnameConfig: auto stable|off; hostname text
kind Layer2VIPConfig: name! text; link! text
kind HCloudVIPConfig: name! text; link text; apiToken text
kind ResolverConfig: nameservers &Nameserver[]; searchDomains &SearchDomains; hostDNS@14 &HostDNS
Nameserver: address ip; protocol@14 Do53|DoT|DoH; tlsServerName@14 text
SearchDomains: domains text[]; disableDefault flag
kind StaticHostConfig: name! text; hostnames text[]
kind TimeSyncConfig: enabled flag; bootTimeout duration; ntp &NTP; ptp &PTP
NTP: servers text[]; useNTS@14 flag
PTP: devices text[]
kind NetworkDefaultActionConfig: ingress accept|block
kind NetworkRuleConfig: name! text; portSelector &PortSelector; ingress &IngressRule[]
PortSelector: ports port[]; protocol tcp|udp|icmp|icmpv6
IngressRule: subnet cidr; except cidr
kind KubeSpanEndpointsConfig: extraAnnouncedEndpoints endpoint[]
kind KubeSpanConfig@13: enabled flag; advertiseKubernetesNetworks flag; allowDownPeerBypass flag;
  harvestExtraEndpoints flag; mtu u32; filters &KubeSpanFilters
KubeSpanFilters: endpoints text[]; excludeAdvertisedNetworks cidr[]
kind BlackholeRouteConfig@13: name! text; metric u32
kind RoutingRuleConfig@13: name! text; src text; dst text; table text; action any; iifName text; oifName text;
  fwMark u32; fwMask u32
kind TCPProbeConfig@13: name! text; interval duration; failureThreshold int; endpoint! text; timeout duration
kind HTTPProbeConfig@14: name! text; interval duration; failureThreshold int; url! url:http,https; timeout duration
kind BGPInstanceConfig@14: name! text; vrf text; localASN! u32; routerID text; routeSource text; advertise text[];
  multipath flag; maxPaths u8; installRoutes flag; importRoutes &BGPImportRoute[]; neighbors &BGPNeighbor[]
BGPImportRoute: bgpInstance! text; prefixes! cidr[]
BGPNeighbor: address text; link text; peerASN u32; localASN u32; passive flag; holdTime duration; bfd &BGPBFD
BGPBFD: transmitInterval duration; receiveInterval duration; detectMultiplier u8
`
