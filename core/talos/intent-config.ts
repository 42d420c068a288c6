import { ACCESS_MANIFEST } from './cluster-access.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { ConfigIntent } from '../model/operation.ts'
import { problem, type Problem } from '../model/problem.ts'
import { findContractName, TALOS_CONTRACTS, type TalosContract } from './contracts/contract-for.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import { clusterSettings, machineSettings } from './settings-config.ts'
import { installerImageOf } from './schematic.ts'
import type { SecretsBundle } from './secrets-bundle.ts'
import { contractForNewCluster } from './versions.ts'

const KUBE_API_PORT = 6443

/** Where a cluster's Kubernetes API is reached, by everyone and for ever: the VIP. */
export const clusterEndpoint = (vip: string): string => `https://${vip}:${KUBE_API_PORT}`

/**
 * A machine configuration's input from what the cloud asked for and the secrets the agent holds. `factoryHost` is where
 * nodes fetch their installer. Problem `unsupported-version`: the agent does not know how to configure that Talos.
 */
export function configInputOf(
  intent: ConfigIntent,
  bundle: SecretsBundle,
  factoryHost?: string,
): Result<MachineConfigInput, Problem> {
  const contract = contractOfCluster(intent)
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
      ...clusterSettings(intent.settings ?? {}),
    },
    machine: {
      role: intent.role,
      hostname: intent.hostname,
      installerImage: installerImageOf(
        { schematicId: intent.schematicId, version: intent.talosVersion, secureBoot: intent.secureBoot },
        factoryHost,
      ),
      nics: intent.nics.map(({ mac, addressCidr, gateway, mtu }) => ({
        mac,
        ...(addressCidr === undefined ? { addresses: [], dhcp: true } : { addresses: [addressCidr] }),
        gateway,
        mtu,
      })),
      ...(intent.installDisk === undefined ? {} : { installDisk: { serial: intent.installDisk } }),
      nameservers: intent.nameservers,
      certSANs: intent.settings?.talos?.certSANs ?? [],
      ...machineSettings(intent.settings ?? {}),
    },
  })
}

/**
 * The contract of the cluster: that of the Talos it was created with, for ever. An upgrade that raised it would rewrite
 * what nodes already hold, down to the key names of etcd's encryption (facts talos.md §1). An intent without one comes
 * from a spec whose Talos version is still the one of creation, because no operation can change it yet.
 */
function contractOfCluster({
  contract,
  talosVersion,
  kubernetesVersion,
}: ConfigIntent): Result<TalosContract, Problem> {
  const current = contractForNewCluster(talosVersion, kubernetesVersion)
  if (!current.ok || contract === undefined) return current
  const born = findContractName(contract)
  if (born) return ok(born)
  return err(problem('unsupported-version', { field: 'contract', version: contract, supported: TALOS_CONTRACTS }))
}
