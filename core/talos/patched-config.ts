import { err, type Result } from '../base/result.ts'
import type { ConfigIntent } from '../model/operation.ts'
import { problem, type Problem } from '../model/problem.ts'
import { checkConfigInput } from './check-input.ts'
import { goYaml } from './go-yaml.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import { renderMachineConfig } from './machine-config.ts'
import { applyPatchLevels, type PatchLevels } from './merge/patch-levels.ts'
import { sayPatchProblem } from './merge/patch-problem.ts'

/**
 * A rendered configuration with the patches of its cluster, its set and itself, in that order. Problems: `config-refused`
 * (the input cannot be written in its contract), `patch-refused` (which patch of which level, and why).
 */
export function patchedMachineConfig(input: MachineConfigInput, patches: PatchLevels): Result<string, Problem> {
  const possible = checkConfigInput(input)
  if (!possible.ok) return possible
  const patched = applyPatchLevels(renderMachineConfig(input), patches, input.contract)
  if (patched.ok) return patched
  const { level, problem: found } = patched.error
  return err(problem('patch-refused', { level, reason: sayPatchProblem(found) }))
}

/** The patches of an intent as the texts that are merged; in JSON and in YAML they mean the same. */
export const patchLevelsOf = ({ settings }: ConfigIntent): PatchLevels => {
  const { cluster = [], set = [], machine = [] } = settings?.patches ?? {}
  return { cluster: cluster.map(goYaml), set: set.map(goYaml), machine: machine.map(goYaml) }
}
