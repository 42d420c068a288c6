import { hold, type Rule } from '../rule.ts'

/**
 * Turns a refusal of the Site object into a hold with its arithmetic (P5 and P6 are kept in core/placement). Before the
 * site was ever seen there is nothing to reckon with, and the hold of the agent says it all.
 */
export const placement: Rule = ({ view, wanted, deleting }) =>
  deleting || view.seenAt === undefined
    ? []
    : wanted
        .filter((machine) => !machine.placement && machine.refusal)
        .map((machine) =>
          hold('not-placed', machine.name, { problem: machine.refusal!.code, ...machine.refusal!.facts }),
        )
