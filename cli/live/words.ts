import type { HoldCode } from '#core/model/hold.ts'
import { HOLD_KINDS } from '#core/model/hold.ts'
import type { Style } from '../output/style.ts'
import { printable, sayFacts } from '../output/text.ts'
import type { HoldView } from '../api/views.ts'

/** Phases as sign, word and colour: the sign and the word alone say all. */
interface PhaseLook {
  readonly sign: string
  readonly colour: 'green' | 'yellow' | 'red' | 'cyan' | 'dim'
}

const LOOKS: Readonly<Record<string, PhaseLook>> = {
  ready: { sign: '✓', colour: 'green' },
  connected: { sign: '✓', colour: 'green' },
  creating: { sign: '◐', colour: 'cyan' },
  changing: { sign: '◐', colour: 'cyan' },
  deleting: { sign: '◐', colour: 'yellow' },
  leaving: { sign: '◐', colour: 'yellow' },
  degraded: { sign: '!', colour: 'red' },
  lost: { sign: '!', colour: 'red' },
  offline: { sign: '!', colour: 'red' },
  waiting: { sign: '…', colour: 'yellow' },
  planned: { sign: '·', colour: 'dim' },
  reserved: { sign: '·', colour: 'dim' },
  gone: { sign: '×', colour: 'dim' },
}
const UNDER_WAY: PhaseLook = { sign: '◐', colour: 'cyan' }

export function sayPhase(phase: string, style: Style): string {
  const { sign, colour } = LOOKS[phase] ?? UNDER_WAY
  return style[colour](`${sign} ${printable(phase)}`)
}

export const colourPhase = (phase: string, style: Style): string => style[(LOOKS[phase] ?? UNDER_WAY).colour](phase)

/** Holds that end only when a person acts; waiting for anything else is in vain. */
const NEEDS_PERSON: readonly string[] = ['needs-human', 'attempts-exhausted']
export const needsPerson = (hold: Pick<HoldView, 'code'>): boolean => NEEDS_PERSON.includes(hold.code)

const isHoldCode = (code: string): code is HoldCode => Object.hasOwn(HOLD_KINDS, code)

/** What a hold says and what would end it; a code from a newer API is shown as it is. */
export function sayHold(hold: Pick<HoldView, 'code' | 'facts'>): { readonly says: string; readonly unblock: string } {
  const kind = isHoldCode(hold.code) ? HOLD_KINDS[hold.code] : { says: `${hold.code}.`, unblock: '' }
  const facts = sayFacts(hold.facts)
  return {
    says: printable(facts === '' ? kind.says : `${kind.says.replace(/\.$/, '')} (${facts}).`),
    unblock: fillIn(kind.unblock, { ID: hold.facts['operationId'], SITE: hold.facts['site'] }),
  }
}

/** Advice says `ID` and `SITE`; where the hold knows them, the line can be pasted. */
const fillIn = (advice: string, known: Readonly<Record<string, unknown>>): string =>
  Object.entries(known).reduce(
    (text, [word, value]) =>
      typeof value === 'string' ? text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), () => printable(value)) : text,
    advice,
  )
