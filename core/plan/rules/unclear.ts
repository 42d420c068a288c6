import { openOperations } from '../ask.ts'
import { hold, type Rule } from '../rule.ts'

/**
 * Says why nothing is done about a machine of which nobody knows whether it is there. Making it could make it twice, and
 * starting it could start somebody else's, so every other rule waits. An operation under way finds out for itself.
 */
export const unclear: Rule = ({ view, wanted, deleting }) =>
  deleting
    ? []
    : wanted
        .filter((machine) => machine.seen?.power === 'unknown' && openOperations(view, machine.machineId).length === 0)
        .map((machine) => hold('machine-unclear', machine.name, machine.unclear ?? { machineId: machine.machineId }))
