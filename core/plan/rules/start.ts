import { isRestarting } from '../disruption.ts'
import { wish, type Rule } from '../rule.ts'

/**
 * A wanted machine that is off is powered on; a person who wants it off takes the maintenance lock. One that is off because
 * it is just restarted comes back by itself.
 */
export const start: Rule = ({ view, wanted, deleting }) =>
  deleting
    ? []
    : wanted
        .filter((machine) => machine.placement && machine.seen?.power === 'off' && !isRestarting(view, machine))
        .map((machine) =>
          wish('machine.start', machine.machineId, machine.name, {
            machineId: machine.machineId,
            name: machine.name,
            host: machine.placement!.host,
            vmid: machine.placement!.vmid,
          }),
        )
