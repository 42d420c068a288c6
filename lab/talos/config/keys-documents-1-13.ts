import { encryption, head, link, named, provisioning } from './keys-documents.ts'
import { anything, choice, fields, flag, integer, list, map, text, type Shape } from './shape.ts'

/** What 1.13 brought. */
export const DOCUMENTS_1_13: Readonly<Record<string, Shape>> = {
  KubeSpanConfig: fields({
    ...head,
    enabled: flag,
    advertiseKubernetesNetworks: flag,
    allowDownPeerBypass: flag,
    harvestExtraEndpoints: flag,
    mtu: integer,
    filters: fields({ endpoints: list(text), excludeAdvertisedNetworks: list(text) }),
  }),
  EnvironmentConfig: fields({ ...head, variables: map(text) }),
  VolumeConfig: fields({ ...named, provisioning, encryption, mount: fields({ secure: flag }) }),
  ExternalVolumeConfig: fields({ ...named, filesystemType: choice('virtiofs'), mount: anything }),
  VRFConfig: fields({ ...named, ...link, hardwareAddr: text, links: list(text), table: text }),
  BlackholeRouteConfig: fields({ ...named, metric: integer }),
  RoutingRuleConfig: fields({
    ...named,
    src: text,
    dst: text,
    table: text,
    action: anything,
    iifName: text,
    oifName: text,
    fwMark: integer,
    fwMask: integer,
  }),
  TCPProbeConfig: fields({ ...named, interval: text, failureThreshold: integer, endpoint: text, timeout: text }),
}

export const NAMED_1_13: readonly string[] = [
  'ExternalVolumeConfig',
  'VRFConfig',
  'BlackholeRouteConfig',
  'RoutingRuleConfig',
  'TCPProbeConfig',
]
