import { sayPatchReason } from '#core/talos/merge/patch-problem.ts'
import { patchListsOf, type PatchList } from '#core/check/patches.ts'
import { finding, type Finding } from '#core/check/finding.ts'
import type { AskedMachine } from '#core/model/cluster-machines.ts'
import type { Document } from '#core/model/document.ts'
import { intentFor } from '#core/plan/intent.ts'
import type { ClusterDocuments } from '#core/plan/documents.ts'
import { goYaml } from '#core/talos/go-yaml.ts'
import { configInputOf } from '#core/talos/intent-config.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { contractOfTalos } from '#core/talos/versions.ts'
import { gatherFiles, machinesOf, type FileMachine } from './file-machines.ts'
import { REDACTED_BUNDLE } from './redacted-bundle.ts'

/**
 * What only shows when patches meet a configuration: something to delete that is not there, two forms of one setting, a
 * value that a node refuses. Each at the patch after which it shows. A cluster whose other documents are not in the files
 * cannot be tried; the agent will say it then.
 */
export function patchFaults(documents: readonly Document[]): readonly (Finding & { readonly index: number })[] {
  return documents.flatMap((document, index) => {
    if (document.kind !== 'Cluster' || patchListsOf(document.spec).every(({ patches }) => patches.length === 0))
      return []
    const gathered = gatherFiles(document, documents)
    if (!gathered.ok) return []
    const machines = machinesOf(gathered.value, documents)
    if (!machines.ok) return []
    const found = sampleOf(machines.value, gathered.value).flatMap((machine) => faultsOf(machine, gathered.value))
    return distinct(found).map((one) => ({ ...one, index }))
  })
}

/** Machines of one set without patches of their own are alike; of those with some, more than these are not tried. */
const MAX_TRIED = 32

function sampleOf(machines: readonly FileMachine[], { cluster }: ClusterDocuments): readonly FileMachine[] {
  const { machinePatches = {} } = cluster.spec
  const own = machines.filter(({ asked }) => machinePatches[asked.name] !== undefined)
  const alike = machines.filter(({ asked }) => machinePatches[asked.name] === undefined)
  const oneOfEach = new Map(alike.toReversed().map((machine) => [machine.asked.set, machine]))
  return [...[...oneOfEach.values()].toReversed(), ...own.slice(0, MAX_TRIED)]
}

function faultsOf({ machine, asked }: FileMachine, documents: ClusterDocuments): readonly Finding[] {
  const { spec } = documents.cluster
  const intent = intentFor(machine, asked, documents, contractOfTalos(spec.talos.version))
  const input = configInputOf(intent, REDACTED_BUNDLE)
  if (!input.ok) return []
  const minor = input.value.contract
  const say = (config: string) =>
    validateConfig(config, { minor, role: machine.role }).map((fault) =>
      [fault.document, fault.field, fault.message].filter((part) => part !== '').join(' '),
    )
  let config = renderMachineConfig(input.value)
  // Without secrets some rules complain from the start.
  const known = new Set(say(config))
  const found: Finding[] = []
  for (const { path, patches } of listsFor(asked, documents))
    for (const [index, patch] of patches.entries()) {
      const at = [...path, index]
      const next = applyPatches(config, [goYaml(patch)], minor)
      if (!next.ok) return [...found, finding(at, sayPatchReason(next.error))]
      config = next.value
      const fresh = say(config).filter((fault) => !known.has(fault))
      for (const fault of fresh) {
        known.add(fault)
        found.push(finding(at, `a node would refuse the configuration: ${fault}`))
      }
    }
  return found
}

/** In the order in which they apply. */
const listsFor = ({ name, set }: AskedMachine, { cluster }: ClusterDocuments): readonly PatchList[] =>
  patchListsOf(cluster.spec).filter(({ path: [, part, whose] }) => {
    if (part === 'controlPlane') return set === undefined
    if (part === 'workers') return whose === set
    return part !== 'machinePatches' || whose === name
  })

const distinct = (found: readonly Finding[]): readonly Finding[] => [
  ...new Map(found.map((one) => [`${one.path.join('/')} ${one.message}`, one])).values(),
]
