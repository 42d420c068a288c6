/** Numbers that counted once and never again, for as long as they could. In memory: a restart is covered by the date. */
export interface UsedOnce {
  take(id: string, madeAt: number, endsAt: number, now: number): 'taken' | 'used-before' | 'older-than-the-agent'
}

/** Far more than an owner makes in two minutes. At the limit the newest is refused; forgetting one would let it in again. */
const MAX_REMEMBERED = 1_000

/** `since`: when this memory began. What was made before may have been used at the memory before it. */
export function createUsedOnce(since: number): UsedOnce {
  const ends = new Map<string, number>()
  return {
    take(id, madeAt, endsAt, now) {
      // The date of a token counts whole seconds.
      if (madeAt < Math.floor(since / 1000) * 1000) return 'older-than-the-agent'
      for (const [known, end] of ends) if (end <= now) ends.delete(known)
      if (ends.has(id) || ends.size >= MAX_REMEMBERED) return 'used-before'
      ends.set(id, endsAt)
      return 'taken'
    },
  }
}
