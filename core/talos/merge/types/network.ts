/** The network documents. Notation: ./notation.ts. */
export const NETWORK_TYPES = `
kind BGPInstanceConfig = name+ vrf localASN+:i routerID routeSource advertise!:[s] multipath:b maxPaths:i
  installRoutes:b importRoutes!:[BGPImportRoute] neighbors!:[BGPNeighborConfig]
kind BlackholeRouteConfig = name+ metric:i
kind BondConfig = name+ hardwareAddr links:[s] bondMode:*s miimon:*i updelay:*i downdelay:*i useCarrier:b
  xmitHashPolicy:*s arpInterval:*i arpIpTargets:[s] nsIp6Targets:[s] arpValidate:*s arpAllTargets:*s lacpRate:*s
  failOverMac:*s adSelect:*s adActorSysPrio:*i adUserPortKey:*i adLACPActive:*s primaryReselect:*s resendIGMP:*i
  minLinks:*i lpInterval:*i packetsPerSlave:*i numPeerNotif:*i tlbLogicalLb:*i allSlavesActive:*i peerNotifDelay:*i
  missedMax:*i up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig] multicast:b
kind BridgeConfig = name+ hardwareAddr links:[s] stp:BridgeSTPConfig vlan:BridgeVLANConfig up:b mtu:i
  addresses:[AddressConfig] routes:[RouteConfig] multicast:b
kind DHCPv4Config = name+ routeMetric:i ignoreHostname:b ignoreRoutes:b clientIdentifier:*s duidRaw
kind DHCPv6Config = name+ routeMetric:i ignoreHostname:b clientIdentifier:*s duidRaw
kind DummyLinkConfig = name+ hardwareAddr up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig] multicast:b
kind EthernetConfig = name+ features:{bool} rings:*EthernetRingsConfig channels:*EthernetChannelsConfig
  wakeOnLan:[s]
kind HCloudVIPConfig = name+ link+ apiToken+
kind HTTPProbeConfig = name+ interval:d failureThreshold:i url+:url timeout:d
kind HostnameConfig = auto:*s hostname
kind KubeSpanConfig = enabled:b advertiseKubernetesNetworks:b allowDownPeerBypass:b harvestExtraEndpoints:b mtu:*i
  filters:*KubeSpanFiltersConfig
kind KubeSpanEndpointsConfig = extraAnnouncedEndpoints+:[s]
kind Layer2VIPConfig = name+ link+
kind LinkAliasConfig = name+ selector:LinkSelector
kind LinkConfig = name+ up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig] multicast:b
kind NetworkDefaultActionConfig = ingress+:enum(accept)
kind NetworkRuleConfig = name+ portSelector+:RulePortSelector ingress+!:[IngressRule]
kind ResolverConfig = nameservers:[NameserverConfig] searchDomains:SearchDomainsConfig hostDNS:HostDNSConfig
kind ResolverConfig<1.14 = nameservers:[NameserverConfig] searchDomains:SearchDomainsConfig<1.14 hostDNS:HostDNSConfig
kind RoutingRuleConfig = name+ src dst table+:enum(unspec) action:enum(unspec) iifName oifName fwMark:i fwMask:i
kind StaticHostConfig = name+ hostnames+:[s]
kind TCPProbeConfig = name+ interval:d failureThreshold:i endpoint+ timeout:d
kind TimeSyncConfig = enabled:b bootTimeout:d ntp:*NTPConfig ptp:*PTPConfig
kind VLANConfig = name+ vlanID:i vlanMode:*s parent up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig]
  multicast:b
kind VRFConfig = name+ hardwareAddr links:[s] table+:enum(unspec) up:b mtu:i addresses:[AddressConfig]
  routes:[RouteConfig] multicast:b
kind VethConfig = name+ peer+:VethPeerConfig up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig] multicast:b
kind WireguardConfig = name+ privateKey listenPort:i firewallMark:i peers:[WireguardPeer] up:b mtu:i
  addresses:[AddressConfig] routes:[RouteConfig] multicast:b
AddressConfig = address+ routePriority:*i
BGPBFDConfig = transmitInterval:d receiveInterval:d detectMultiplier:i
BGPImportRoute = bgpInstance+ prefixes+:[s]
BGPNeighborConfig = address link peerASN:i localASN:i passive:bool holdTime:d bfd:*BGPBFDConfig
BridgeSTPConfig = enabled:b
BridgeVLANConfig = filtering:b
EthernetChannelsConfig = rx:*i tx:*i other:*i combined:*i
EthernetRingsConfig = rx:*i tx:*i rx-mini:*i rx-jumbo:*i rx-buf-len:*i cqe-size:*i tx-push:b rx-push:b
  tx-push-buf-len:*i tcp-data-split:b
HostDNSConfig = enabled:b forwardKubeDNSToHost:b resolveMemberNames:b
IngressRule = subnet+ except
KubeSpanFiltersConfig = endpoints:[s] excludeAdvertisedNetworks:[s]
LinkSelector = match:whole
NTPConfig = servers:[s] useNTS:b
NameserverConfig = address+ protocol:enum(Do53) tlsServerName
PTPConfig = devices:[s]
RouteConfig = destination gateway source metric:i mtu:i table:enum(unspec)
RulePortSelector = ports+!:[scalar] protocol
SearchDomainsConfig = domains!?:[s] disableDefault:b
SearchDomainsConfig<1.14 = domains:[s] disableDefault:b
VethPeerConfig = name+ up:b mtu:i addresses:[AddressConfig] routes:[RouteConfig] multicast:b
WireguardPeer = publicKey presharedKey endpoint persistentKeepaliveInterval:d allowedIPs:[s]
`
