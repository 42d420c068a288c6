import type { MachineConfigInput } from '#core/talos/machine-config-input.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

/** A control plane of a home cluster; a test writes only what differs. */
export function aConfigInput(
  bundle: SecretsBundle,
  differs: {
    readonly cluster?: Partial<MachineConfigInput['cluster']>
    readonly machine?: Partial<MachineConfigInput['machine']>
  } = {},
): MachineConfigInput {
  return {
    contract: '1.13',
    bundle,
    cluster: {
      name: 'home',
      endpoint: 'https://192.168.1.50:6443',
      kubernetesVersion: 'v1.36.3',
      schedulableControlPlanes: false,
      nodeNetworkCidr: '192.168.1.0/24',
      vip: '192.168.1.50',
      ...differs.cluster,
    },
    machine: {
      role: 'controlplane',
      hostname: 'talos-node-0',
      installerImage: `factory.talos.dev/nocloud-installer/${'ab'.repeat(32)}:v1.13.9`,
      nics: [{ mac: 'BC:24:11:00:00:01', addresses: ['192.168.1.51/24'], gateway: '192.168.1.1' }],
      nameservers: ['192.168.1.1'],
      certSANs: [],
      ...differs.machine,
    },
  }
}
