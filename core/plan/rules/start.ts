import { wish, type Rule } from '../rule.ts'

/** A wanted machine that is off is powered on; a person who wants it off takes the maintenance lock. */
export const start: Rule = ({ wanted, deleting }) =>
  deleting
    ? []
    : wanted
        .filter((machine) => machine.placement && machine.seen?.power === 'off')
        .map((machine) =>
          wish('machine.start', machine.machineId, machine.name, {
            machineId: machine.machineId,
            name: machine.name,
            host: machine.placement!.host,
            vmid: machine.placement!.vmid,
          }),
        )
