import { ok, type Result } from '#core/base/result.ts'
import type { Document, Kind, Stored } from '#core/model/document.ts'
import { sayProblem } from '#core/model/problem.ts'
import { intentFor } from '#core/plan/intent.ts'
import type { ClusterDocuments } from '#core/plan/documents.ts'
import type { MachineView } from '#core/plan/view.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { applyPatchLevels } from '#core/talos/merge/patch-levels.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { REDACTED_BUNDLE, redact } from './redacted-bundle.ts'

/** The configuration of one machine, made by the functions that the agent uses. */
export interface RenderedMachine {
  readonly cluster: string
  readonly machine: string
  readonly config: string
}

/**
 * Renders every machine of every cluster of the documents, or none. Without a bundle the secrets are redacted. What a
 * site decides, the MAC of each machine, is a placeholder.
 */
export function renderMachines(
  documents: readonly Document[],
  bundle: SecretsBundle | undefined,
  patches: readonly string[],
): Result<readonly RenderedMachine[], Failure> {
  const rendered: RenderedMachine[] = []
  for (const cluster of documents.filter((document) => document.kind === 'Cluster')) {
    const gathered = gather(cluster, documents)
    if (!gathered.ok) return gathered
    for (const machine of machinesOf(gathered.value)) {
      const config = renderMachine(machine, gathered.value, bundle, patches)
      if (!config.ok) return config
      rendered.push({ cluster: cluster.metadata.name, machine: machine.name, config: config.value })
    }
  }
  return ok(rendered)
}

function gather(
  cluster: Extract<Document, { kind: 'Cluster' }>,
  documents: readonly Document[],
): Result<ClusterDocuments, Failure> {
  const { site, nodeNetwork, controlPlane } = cluster.spec
  const find = <K extends Kind>(kind: K, name: string) =>
    documents.find((each): each is Extract<Document, { kind: K }> => each.kind === kind && each.metadata.name === name)
  const found = {
    site: find('Site', site),
    network: find('Network', nodeNetwork),
    machineClass: find('MachineClass', controlPlane.class),
  }
  const missing = (reference: string) =>
    fail(
      EXIT.usage,
      `Cluster/${cluster.metadata.name} refers to ${reference}, which is not in these files.`,
      'Nothing was rendered.',
    )
  if (!found.site) return missing(`Site/${site}`)
  if (!found.network) return missing(`Network/${nodeNetwork}`)
  if (!found.machineClass) return missing(`MachineClass/${controlPlane.class}`)
  return ok({
    cluster: stored(cluster),
    site: stored(found.site),
    network: stored(found.network),
    machineClass: stored(found.machineClass),
  })
}

/** A file has no identity yet; nothing of it is in a configuration. */
const stored = <D extends Document>(document: D): Stored<D> => ({
  ...document,
  uid: '',
  generation: 1,
  createdAt: 0,
  updatedAt: 0,
})

function machinesOf({ cluster, site, network }: ClusterDocuments): readonly MachineView[] {
  const [host] = site.spec.hosts
  return Object.entries(cluster.spec.controlPlane.machines).map(([name, address], index) => ({
    machineId: '',
    name,
    role: 'controlplane',
    address,
    birthHash: '',
    placement: {
      machineId: '',
      clusterUid: '',
      name,
      host: host?.name ?? '',
      storage: host?.storage ?? '',
      imageStorage: host?.imageStorage ?? '',
      bridge: network.spec.bridge,
      vmid: 0,
      mac: placeholderMac(index),
      address,
      cpu: 0,
      memoryMiB: 0,
      diskGiB: 0,
    },
    refusal: undefined,
    seen: undefined,
    node: undefined,
    wanted: true,
  }))
}

/** In the range of Proxmox, where the site draws real ones at random: `BC:24:11:00:00:01` and so on. */
export const placeholderMac = (index: number): string =>
  `BC:24:11:00:${((index + 1) >> 8).toString(16).padStart(2, '0')}:${((index + 1) & 0xff).toString(16).padStart(2, '0')}`.toUpperCase()

function renderMachine(
  machine: MachineView,
  documents: ClusterDocuments,
  bundle: SecretsBundle | undefined,
  patches: readonly string[],
): Result<string, Failure> {
  const name = `${documents.cluster.metadata.name}/${machine.name}`
  const refused = (reason: string) => fail(EXIT.usage, `${name}: ${reason}`, 'Nothing was rendered.')
  const input = configInputOf(intentFor(machine, documents), bundle ?? REDACTED_BUNDLE)
  if (!input.ok) return refused(sayProblem(input.error))
  const { contract } = input.value
  const levels = { cluster: patches, set: [], machine: [] }
  const patched = applyPatchLevels(renderMachineConfig(input.value), levels, contract)
  if (!patched.ok) return refused(sayPatchProblem(patched.error.problem))
  const faults = validateConfig(patched.value, { minor: contract, role: machine.role })
  // Without a bundle the secrets are not in yet, and rules about them would only complain of that.
  const [fault] = bundle ? faults : []
  if (fault) return refused(`${fault.document} ${fault.field} ${fault.message}`)
  return ok(bundle ? patched.value : redact(patched.value))
}
