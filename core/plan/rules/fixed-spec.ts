import { keepsItsBirth } from '../resizing.ts'
import { hold, type Rule } from '../rule.ts'

/**
 * A bootstrapped cluster keeps what its machines were born with, but for what can be changed in place. The API refuses
 * other changes; this rule covers the moment in which a change and the bootstrap pass each other.
 */
export const fixedSpec: Rule = ({ view, documents, asked, wanted, deleting }) => {
  if (deleting || !view.bootstrap) return []
  return wanted
    .filter((machine) => {
      const now = asked.get(machine.name)
      return now !== undefined && !keepsItsBirth(machine, now, documents)
    })
    .map((machine) => hold('change-not-supported', machine.name, { machineId: machine.machineId }))
}
