import { ACCESS_MANIFEST } from './cluster-access.ts'
import { ok, type Result } from '../base/result.ts'
import type { ConfigIntent } from '../model/operation.ts'
import type { Problem } from '../model/problem.ts'
import type { MachineConfigInput } from './machine-config.ts'
import { installerImage } from './schematic.ts'
import type { SecretsBundle } from './secrets-bundle.ts'
import { contractForNewCluster } from './versions.ts'

const KUBE_API_PORT = 6443

/** Where a cluster's Kubernetes API is reached, by everyone and for ever: the VIP. */
export const clusterEndpoint = (vip: string): string => `https://${vip}:${KUBE_API_PORT}`

/**
 * A machine configuration's input from what the cloud asked for and the secrets the agent holds. Problem
 * `unsupported-version`: the agent does not know how to configure that Talos.
 */
export function configInputOf(intent: ConfigIntent, bundle: SecretsBundle): Result<MachineConfigInput, Problem> {
  const contract = contractForNewCluster(intent.talosVersion, intent.kubernetesVersion)
  if (!contract.ok) return contract
  return ok({
    contract: contract.value,
    bundle,
    cluster: {
      name: intent.clusterName,
      endpoint: clusterEndpoint(intent.vip),
      kubernetesVersion: intent.kubernetesVersion,
      schedulableControlPlanes: intent.schedulable,
      nodeNetworkCidr: intent.networkCidr,
      vip: intent.vip,
      inlineManifests: [ACCESS_MANIFEST],
    },
    machine: {
      role: intent.role,
      hostname: intent.hostname,
      installerImage: installerImage(intent.schematicId, intent.talosVersion),
      nics: [{ mac: intent.mac, addresses: [intent.addressCidr], gateway: intent.gateway }],
      nameservers: intent.nameservers,
      certSANs: [],
    },
  })
}
