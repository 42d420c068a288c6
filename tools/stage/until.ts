import { setTimeout as wait } from 'node:timers/promises'

/** Often enough to meet a phase of a compressed creation, seldom enough to leave the machine to the creation. */
const EVERY_MS = 80

/** Looks until there is something, and gives up with a sentence. `explain` adds what was there instead. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  explain: () => string | Promise<string> = () => '',
): Promise<T> {
  const deadline = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain: ${what}\n${await explain()}`)
    await wait(EVERY_MS)
  }
}
