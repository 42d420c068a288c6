import { hold, type Rule } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Turns a refusal of the Site object into a hold with its arithmetic (P5 and P6 are kept in core/placement). Before the
 * site was ever seen there is nothing to reckon with, and the hold of the agent says it all.
 */
export const placement: Rule = ({ view, wanted, deleting }) =>
  deleting || view.seenAt === undefined
    ? []
    : wanted
        .filter((machine) => !machine.placement)
        .map(({ name, refusal }) =>
          hold(
            'not-placed',
            name,
            // All machines get a place, or none: this one would fit, and waits for those that do not.
            refusal ? { problem: refusal.code, ...refusal.facts } : { waitsFor: othersRefused(wanted) },
          ),
        )

const othersRefused = (wanted: readonly MachineView[]): readonly string[] =>
  wanted.filter((machine) => machine.refusal).map((machine) => machine.name)
