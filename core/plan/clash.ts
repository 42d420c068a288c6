import type { AskedMachine } from '../model/cluster-machines.ts'
import type { Operation } from '../model/operation.ts'
import { openOperations } from './ask.ts'
import type { ClusterView, MachineView } from './view.ts'

/**
 * Strangers on the LAN: somebody answers on an address that no document knows, which shows when a machine is about to be
 * made there. So many of them are kept clear of; more mean that the network is not what its document says.
 */
const MAX_AVOIDED = 16

/** A machine that is not there, is not being made, and was last refused for an address that the site chose. */
export function clashesOnLan(view: ClusterView, machine: MachineView, asked: AskedMachine | undefined): boolean {
  if (!asked || asked.nics[0]?.address !== undefined) return false
  if (machine.seen !== undefined && machine.seen.power !== 'absent') return false
  const [last] = view.operations
    .filter(({ kind, subject }) => kind === 'machine.create' && subject === machine.machineId)
    .toSorted((a, b) => b.createdAt - a.createdAt)
  return last !== undefined && clashOf(last) !== undefined && openOperations(view, machine.machineId).length === 0
}

/** What machines to come keep clear of, newest first. */
export const clashingAddresses = (operations: readonly Operation[]): readonly string[] => [
  ...new Set(
    operations
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .flatMap((operation) => clashOf(operation) ?? [])
      .slice(0, MAX_AVOIDED),
  ),
]

function clashOf({ kind, result }: Operation): string | undefined {
  if (kind !== 'machine.create' || result?.outcome !== 'failed' || result.problem.code !== 'address-in-use')
    return undefined
  const { address } = result.problem.facts
  return typeof address === 'string' ? address : undefined
}
