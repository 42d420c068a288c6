import type { HoldCode } from './hold.ts'
import { HOLD_KINDS } from './hold.ts'
import type { Facts } from './problem.ts'

/** Holds and facts in words, the same ones wherever a person reads them. */

/** What a hold says, with what it knows, and what would end it; where the hold knows an id or a name, the advice can be pasted. */
export function sayHold(hold: { readonly code: HoldCode; readonly facts: Facts }): {
  readonly says: string
  readonly unblock: string
} {
  const { says, unblock } = HOLD_KINDS[hold.code]
  const facts = sayFacts(hold.facts)
  return {
    says: facts === '' ? says : `${says.replace(/\.$/, '')} (${facts}).`,
    unblock: fillIn(unblock, { ID: hold.facts['operationId'], SITE: hold.facts['site'] }),
  }
}

/** `needed: 8Gi; hosts: a, b`: what a problem or a hold knows. */
export const sayFacts = (facts: Facts): string =>
  Object.entries(facts)
    // A fact that is not known explains nothing.
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${sayFact(key, value)}`)
    .join('; ')

/** Moments are epoch ms and named `…At`, or `until`; nobody reads those. */
const MOMENT = /^until$|At$/

function sayFact(key: string, value: Facts[string] | undefined): string {
  if (typeof value === 'number' && MOMENT.test(key)) return new Date(value).toISOString()
  return Array.isArray(value) ? value.join(', ') : String(value)
}

const fillIn = (advice: string, known: Readonly<Record<string, unknown>>): string =>
  Object.entries(known).reduce(
    (text, [word, value]) =>
      typeof value === 'string' ? text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), () => value) : text,
    advice,
  )
