import { err, ok, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'
import { checkConfigInput } from './check-input.ts'
import type { TalosContract } from './contracts/contract-for.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import { renderMachineConfig } from './machine-config.ts'
import { validateConfig } from './validate/validate-config.ts'

/** More than this many faults have one cause; the first ones name it. */
const MAX_FAULTS = 20

/**
 * The configuration of a machine, only if nothing is known that a node would refuse. `minor` is the Talos that will read
 * it. Problem `config-refused` names each document and field; a secret is never in it.
 */
export function checkedMachineConfig(input: MachineConfigInput, minor: TalosContract): Result<string, Problem> {
  const possible = checkConfigInput(input)
  if (!possible.ok) return possible
  const config = renderMachineConfig(input)
  const faults = validateConfig(config, { minor, role: input.machine.role })
  if (faults.length === 0) return ok(config)
  const said = faults.slice(0, MAX_FAULTS).map(({ document, field, message }) => `${document} ${field}: ${message}`)
  return err(problem('config-refused', { reason: 'found before it was sent', faults: said }))
}
