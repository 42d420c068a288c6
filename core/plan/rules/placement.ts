import { hold, type Rule } from '../rule.ts'

/** Turns a refusal of the Site object into a hold with its arithmetic (P5 and P6 are kept in core/placement). */
export const placement: Rule = ({ wanted, deleting }) =>
  deleting
    ? []
    : wanted
        .filter((machine) => !machine.placement && machine.refusal)
        .map((machine) =>
          hold('not-placed', machine.name, { problem: machine.refusal!.code, ...machine.refusal!.facts }),
        )
