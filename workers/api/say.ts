import type { Facts } from '#core/model/problem.ts'

/** ` (host: pve-1; free: 4)`; nothing when there are no facts. */
export function sayFacts(facts: Facts): string {
  const parts = Object.entries(facts).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  )
  return parts.length > 0 ? ` (${parts.join('; ')})` : ''
}
