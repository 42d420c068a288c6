import { HOLD_KINDS, type HoldCode } from '#core/model/hold.ts'
import { sayFacts, sayHold as sayKnownHold } from '#core/model/say-hold.ts'
import type { Style } from '../output/style.ts'
import { printable } from '../output/text.ts'
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

const isHoldCode = (code: string): code is HoldCode => Object.hasOwn(HOLD_KINDS, code)

/** What a hold says and what would end it; a code from a newer API is shown as it is. */
export function sayHold(hold: Pick<HoldView, 'code' | 'facts'>): { readonly says: string; readonly unblock: string } {
  const { code, facts } = hold
  const { says, unblock } = isHoldCode(code)
    ? sayKnownHold({ code, facts })
    : { says: `${code} (${sayFacts(facts)}).`, unblock: '' }
  return { says: printable(says), unblock: printable(unblock) }
}
