import { err, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'
import type { TalosContract } from './contracts/contract-for.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import type { PatchLevels } from './merge/patch-levels.ts'
import { patchedMachineConfig } from './patched-config.ts'
import { validateConfig } from './validate/validate-config.ts'

/** More than this many faults have one cause; the first ones name it. */
const MAX_FAULTS = 20

const NO_PATCHES: PatchLevels = { cluster: [], set: [], machine: [] }

/**
 * The configuration of a machine with its patches, only if nothing is known that a node would refuse. `minor` is the Talos that will read
 * it. Problem `config-refused` names each document and field, `patch-refused` the patch; a secret is never in them.
 */
export function checkedMachineConfig(
  input: MachineConfigInput,
  minor: TalosContract,
  patches = NO_PATCHES,
): Result<string, Problem> {
  const config = patchedMachineConfig(input, patches)
  if (!config.ok) return config
  const faults = validateConfig(config.value, { minor, role: input.machine.role })
  if (faults.length === 0) return config
  const said = faults.slice(0, MAX_FAULTS).map(({ document, field, message }) => `${document} ${field}: ${message}`)
  return err(problem('config-refused', { reason: 'found before it was sent', faults: said }))
}
