import { SEEN_PART_ROWS, type SiteSeenMessage } from '#core/protocol/site-seen.ts'
import { MAX_MESSAGE_CHARS } from '#core/protocol/version.ts'
import type { SeenTable } from '#core/model/seen.ts'
import type { SeenChange } from './difference.ts'

/** Room for the envelope of a message around its rows. */
const ROWS_CHARS = MAX_MESSAGE_CHARS - 1_024

interface Part {
  readonly tables: Map<SeenTable, { put: unknown[]; gone: string[] }>
  chars: number
}

/**
 * Changes as messages: at most `SEEN_PART_ROWS` rows a table and `MAX_MESSAGE_CHARS` in all each, the last one marked.
 * A full copy has at least one part, even when there is nothing to say, because its end says what is gone. Pure.
 */
export function toParts(changes: readonly SeenChange[], full: boolean): readonly SiteSeenMessage[] {
  const parts: Part[] = []
  let part: Part = { tables: new Map(), chars: 0 }

  function add(table: SeenTable, list: 'put' | 'gone', row: unknown): void {
    const chars = JSON.stringify(row).length + 1
    const rowCount = part.tables.get(table)?.[list].length ?? 0
    if (part.chars + chars > ROWS_CHARS || rowCount >= SEEN_PART_ROWS) {
      parts.push(part)
      part = { tables: new Map(), chars: 0 }
    }
    const rows = part.tables.get(table) ?? { put: [], gone: [] }
    part.tables.set(table, rows)
    part.chars += chars
    if (list === 'gone') rows.gone.push(String(row))
    else rows.put.push(row)
  }

  for (const change of changes) {
    for (const row of change.put) add(change.table, 'put', row)
    for (const key of change.gone) add(change.table, 'gone', key)
  }
  if (part.chars > 0 || (full && parts.length === 0)) parts.push(part)
  return parts.map(({ tables }, index): SiteSeenMessage => ({
    type: 'site.seen',
    full,
    part: index,
    last: index === parts.length - 1,
    ...Object.fromEntries(tables),
  }))
}
