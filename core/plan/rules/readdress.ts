import { clashesOnLan } from '../clash.ts'
import type { Rule, Verdict } from '../rule.ts'

/**
 * A machine that was not made because somebody on the LAN already answers on the address the site gave it is let go
 * before it ever was, and born again with another address (P6). One whose address is given by its owner waits for them.
 */
export const readdress: Rule = ({ view, asked, wanted, deleting }) =>
  deleting
    ? []
    : wanted
        .filter((machine) => clashesOnLan(view, machine, asked.get(machine.name)))
        .map((machine): Verdict => ({ type: 'forget', machineId: machine.machineId }))
