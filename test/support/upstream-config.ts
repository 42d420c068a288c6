import type { TestContext } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import type { ClusterInput, MachineConfigInput, MachineInput } from '#core/talos/machine-config-input.ts'
import { parseSecretsBundle, type SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { readVector } from './vectors.ts'

/** The inputs behind the configurations that upstream's generator made; see the README beside the vectors. */
export type UpstreamCase = 'base' | 'overrides'

const CLUSTERS: Readonly<Record<UpstreamCase, Partial<ClusterInput>>> = {
  base: {},
  overrides: {
    schedulableControlPlanes: true,
    dnsDomain: 'example.com',
    apiPort: 5443,
    cni: { name: 'custom', urls: ['https://example.com/cni.yaml'] },
  },
}

const MACHINES: Readonly<Record<UpstreamCase, Partial<MachineInput>>> = {
  base: {},
  overrides: {
    certSANs: ['foo', 'bar'],
    installDisk: { path: '/dev/vda' },
    kernelArgs: ['foo=bar', 'bar=baz'],
    sysctls: { foo: 'bar' },
    registries: { mirrors: [{ name: 'ghcr.io', endpoints: ['https://ghcr.io.my-mirror.com'] }] },
  },
}

export const upstreamInput = (
  contract: TalosContract,
  which: UpstreamCase,
  role: MachineInput['role'],
  bundle: SecretsBundle,
): MachineConfigInput => ({
  contract,
  bundle,
  cluster: {
    name: 'base',
    endpoint: 'https://base:6443',
    kubernetesVersion: 'v1.28.0',
    schedulableControlPlanes: false,
    excludeControlPlanesFromLoadBalancers: true,
    ...CLUSTERS[which],
  },
  machine: { role, nics: [], nameservers: [], certSANs: [], ...MACHINES[which] },
})

export function upstreamBundle(context: Pick<TestContext, 'skip'>): SecretsBundle {
  const parsed = parseSecretsBundle(readVector('talos/generate/secrets.yaml', context))
  if (!parsed.ok) throw new Error(`the vector does not load: ${JSON.stringify(parsed.error)}`)
  return parsed.value
}

/** Documents by meaning: parsed, and in an order of their own. */
export const meaningOf = (yaml: string): readonly unknown[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS() as Record<string, unknown>)
    .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))

const idOf = ({ kind, name }: Record<string, unknown>): string => `${String(kind)}/${String(name)}`
