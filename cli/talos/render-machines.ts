import { ok, type Result } from '#core/base/result.ts'
import type { Document } from '#core/model/document.ts'
import { sayProblem } from '#core/model/problem.ts'
import { intentFor } from '#core/plan/intent.ts'
import type { ClusterDocuments } from '#core/plan/documents.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { applyPatchLevels } from '#core/talos/merge/patch-levels.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { patchedMachineConfig, patchLevelsOf } from '#core/talos/patched-config.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { contractOfTalos } from '#core/talos/versions.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { gatherFiles, machinesOf, type FileMachine } from './file-machines.ts'
import { REDACTED_BUNDLE, redact } from './redacted-bundle.ts'

/** The configuration of one machine, made by the functions that the agent uses. */
export interface RenderedMachine {
  readonly cluster: string
  readonly machine: string
  readonly config: string
}

export interface RenderHow {
  /** Without one, secrets are redacted. */
  readonly bundle?: SecretsBundle | undefined
  /** On top of those of the documents. */
  readonly patches: readonly string[]
  /** Of a cluster that was created with an older Talos; a new one gets that of its version. */
  readonly contract?: TalosContract | undefined
}

/**
 * Renders every machine of every cluster of the documents, or none. Without a bundle the secrets are redacted. What a
 * site decides, MACs and the addresses that no document gives, is a placeholder.
 */
export function renderMachines(
  documents: readonly Document[],
  how: RenderHow,
): Result<readonly RenderedMachine[], Failure> {
  const rendered: RenderedMachine[] = []
  for (const cluster of documents.filter((document) => document.kind === 'Cluster')) {
    const gathered = gatherFiles(cluster, documents)
    if (!gathered.ok) return gathered
    const machines = machinesOf(gathered.value, documents)
    if (!machines.ok) return machines
    for (const machine of machines.value) {
      const config = renderMachine(machine, gathered.value, how)
      if (!config.ok) return config
      rendered.push({ cluster: cluster.metadata.name, machine: machine.asked.name, config: config.value })
    }
  }
  return ok(rendered)
}

/** One machine of complete documents; refused when its configuration would not be one that Talos takes. */
export function renderMachine(
  { machine, asked }: FileMachine,
  documents: ClusterDocuments,
  { bundle, patches, contract }: RenderHow,
): Result<string, Failure> {
  const name = `${documents.cluster.metadata.name}/${machine.name}`
  const refused = (reason: string) => fail(EXIT.usage, `${name}: ${reason}`, 'Nothing was rendered.')
  const { version } = documents.cluster.spec.talos
  const intent = intentFor(machine, asked, documents, contract ?? contractOfTalos(version))
  const input = configInputOf(intent, bundle ?? REDACTED_BUNDLE)
  if (!input.ok) return refused(sayProblem(input.error))
  const config = patchedMachineConfig(input.value, patchLevelsOf(intent))
  if (!config.ok) return refused(sayProblem(config.error))
  // Those of the command line come last, each of them as if the machine had one more.
  const patched = applyPatchLevels(config.value, { cluster: [], set: [], machine: patches }, input.value.contract)
  if (!patched.ok) return refused(sayPatchProblem(patched.error.problem))
  const faults = validateConfig(patched.value, {
    minor: contractOfTalos(version) ?? input.value.contract,
    role: machine.role,
  })
  // Without a bundle the secrets are not in yet, and rules about them would only complain of that.
  const [fault] = bundle ? faults : []
  if (fault) return refused(`${fault.document} ${fault.field} ${fault.message}`)
  return ok(bundle ? patched.value : redact(patched.value))
}
