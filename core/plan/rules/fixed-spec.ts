import { birthHash } from '../machines.ts'
import { hold, type Rule } from '../rule.ts'

/**
 * A bootstrapped cluster keeps what its machines were born with. The API refuses such a change; this rule covers the
 * moment in which a change and the bootstrap pass each other.
 */
export const fixedSpec: Rule = ({ view, documents, asked, wanted, deleting }) => {
  if (deleting || !view.bootstrap) return []
  return wanted
    .filter((machine) => {
      const now = asked.get(machine.name)
      return now !== undefined && machine.birthHash !== birthHash(documents, now)
    })
    .map((machine) => hold('change-not-supported', machine.name, { machineId: machine.machineId }))
}
