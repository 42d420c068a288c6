import type { ConfigSettings } from '../model/talos-intent.ts'
import type { TalosSettings } from '../model/talos-settings.ts'
import type { ClusterInput, DiskEncryption, MachineInput, Registries } from './machine-config-input.ts'

/** The settings of a spec in the words of a configuration's input. What is not said is left out, and keeps its default. */
export function clusterSettings({ talos = {}, kubernetes = {} }: ConfigSettings): Partial<ClusterInput> {
  const { discovery, hostDns, workloadIsolation } = talos
  const { cni, podSubnets, serviceSubnets, dnsDomain, kubePrism, extraManifests } = kubernetes
  return {
    discovery,
    hostDns,
    workloadIsolation,
    cni: cni?.name === 'custom' ? { name: 'custom', urls: cni.urls ?? [] } : cni && { name: cni.name },
    podSubnets,
    serviceSubnets,
    dnsDomain,
    kubePrism,
    extraManifests: extraManifests?.map((url, index) => ({ name: `manifest-${index + 1}`, url })),
  }
}

export function machineSettings({ talos = {}, node = {} }: ConfigSettings): Partial<MachineInput> {
  const { kernelModules, sysctls, registries, diskEncryption, timeServers } = talos
  return {
    kernelModules,
    sysctls,
    timeServers,
    registries: registries && toRegistries(registries),
    diskEncryption: diskEncryption && toEncryption(diskEncryption),
    nodeLabels: node.nodeLabels,
    nodeAnnotations: node.nodeAnnotations,
    nodeTaints: node.nodeTaints,
  }
}

const toRegistries = ({ mirrors = {}, tls = {} }: NonNullable<TalosSettings['registries']>): Registries => ({
  mirrors: Object.entries(mirrors).map(([name, mirror]) => ({ name, ...mirror })),
  tls: Object.entries(tls).map(([name, check]) => ({ name, ...check })),
})

type Volumes = NonNullable<TalosSettings['diskEncryption']>

const toEncryption = ({ state, ephemeral }: Volumes): DiskEncryption => ({
  state: state?.map(toKey),
  ephemeral: ephemeral?.map(toKey),
})

/** The first key has slot 0, and slots are tried in order. */
const toKey = (
  { kind, endpoint = '', lockToState }: NonNullable<Volumes['state']>[number],
  slot: number,
): NonNullable<DiskEncryption['state']>[number] =>
  kind === 'kms' ? { slot, lockToState, kind, endpoint } : { slot, lockToState, kind }
