import { err, ok, type Result } from '../base/result.ts'
import { problem, type Problem } from '../model/problem.ts'
import { contractFor } from './contracts/contract-for.ts'
import type { MachineConfigInput } from './machine-config-input.ts'
import { PLATFORMS } from './platforms.ts'

/**
 * Whether an input can be written at all in its contract and on its platform. Problem `config-refused` says what cannot,
 * and what to do instead.
 */
export function checkConfigInput({ contract: name, cluster, machine }: MachineConfigInput): Result<void, Problem> {
  const contract = contractFor(name)
  const platform = PLATFORMS[machine.platform ?? 'nocloud']
  const refused = (field: string, reason: string) => err(problem('config-refused', { field, reason }))
  if (machine.installDisk && 'match' in machine.installDisk && !contract.unattendedInstall)
    return refused('installDisk', `contract ${name} cannot choose a disk by an expression; name its path`)
  if (platform.installs && !machine.installDisk)
    return refused('installDisk', `on ${platform.name} Talos is installed; name the disk`)
  if (cluster.workloadIsolation !== undefined && !contract.workloadIsolation)
    return refused('workloadIsolation', `contract ${name} does not know it; it begins with 1.14`)
  if (machine.kernelArgs?.length && (contract.unattendedInstall || platform.installs))
    return refused('kernelArgs', `kernel arguments take no effect here; put them into the schematic`)
  return ok(undefined)
}
