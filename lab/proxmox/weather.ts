import { RELAY_TIMEOUT, type FaultEffect } from './faults.ts'

/**
 * Bad weather: one call in so many goes wrong, in a way that is drawn. The same seed and the same calls give the same
 * trouble. Reads are never answered with work undone, there is none; writes may lose their answer before or after.
 */
export interface Weather {
  readonly seed: number
  /** One call in this many. */
  readonly oneIn: number
}

const READ_TROUBLE: readonly FaultEffect[] = [
  { kind: 'answer', ...RELAY_TIMEOUT },
  { kind: 'answer', status: 595, reason: 'No route to host' },
  { kind: 'connection-lost', workHappens: false },
]
const WRITE_TROUBLE: readonly FaultEffect[] = [
  ...READ_TROUBLE,
  { kind: 'answer', ...RELAY_TIMEOUT, workHappens: true },
  { kind: 'connection-lost', workHappens: true },
  { kind: 'answer', status: 500, reason: 'got no worker upid - start worker failed' },
]

/** Draws for each call; undefined lets it pass. */
export function drawnTrouble({ seed, oneIn }: Weather): (method: string) => FaultEffect | undefined {
  const draw = numbersOf(seed)
  return (method) => {
    if (draw() * oneIn >= 1) return undefined
    const troubles = method === 'GET' ? READ_TROUBLE : WRITE_TROUBLE
    return troubles[Math.floor(draw() * troubles.length)]
  }
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function numbersOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
