import {
  seenKeys,
  SEEN_TABLES,
  type MachineSeen,
  type NodeSeen,
  type SeenRows,
  type SeenTable,
  type SiteSeen,
} from '#core/model/seen.ts'
import type { SiteSeenMessage } from '#core/protocol/site-seen.ts'
import type { Sql } from '../sql.ts'
import type { PartTable } from './part-table.ts'

/** Rows of one table; a site of 32 hosts stays far below. */
const MAX_ROWS = 5_000

const TABLES = Object.keys(SEEN_TABLES) as SeenTable[]

/** What an observation changed. */
export interface SeenChange {
  readonly machineIds: ReadonlySet<string>
  /** Clusters whose nodes changed. */
  readonly clusterUids: ReadonlySet<string>
  /** Something that placement looks at. */
  readonly capacity: boolean
  readonly hosts: boolean
  /** A full copy has arrived in whole. */
  readonly complete: boolean
}

/** The last observation of a site, row by row; a row that is as before is not written. */
export class SeenTables {
  readonly #sql: Sql
  readonly #parts: PartTable

  constructor(sql: Sql, parts: PartTable) {
    this.#sql = sql
    this.#parts = parts
  }

  /**
   * Takes one message in. Repeating it changes nothing. In a full copy, rows of no part go when the last part is here;
   * with a part missing nothing goes, and the next full copy mends it.
   */
  take(message: SiteSeenMessage, session: number): SeenChange {
    const touched = new Map<SeenTable, Set<string>>(TABLES.map((table) => [table, new Set<string>()]))
    for (const table of TABLES) {
      const changes = message[table]
      for (const row of changes?.put ?? []) if (this.#put(table, row)) touched.get(table)!.add(keyOf(table, row))
      for (const key of changes?.gone ?? []) if (this.#remove(table, key)) touched.get(table)!.add(key)
    }
    const complete = message.full && this.#finishFull(message, session, touched)
    return {
      machineIds: touched.get('machines')!,
      clusterUids: new Set([...touched.get('nodes')!].map((key) => key.split('/')[0] ?? '')),
      capacity: (['hosts', 'storages', 'bridges', 'guests'] as const).some((table) => touched.get(table)!.size > 0),
      hosts: touched.get('hosts')!.size > 0,
      complete,
    }
  }

  all(): SiteSeen {
    const seen = emptyTables()
    for (const { kind, row } of this.#sql.rows<{ kind: SeenTable; row: string }>('SELECT kind, row FROM seen'))
      (seen[kind] as unknown[]).push(SEEN_TABLES[kind].parse(JSON.parse(row)))
    return seen
  }

  hosts(): SiteSeen['hosts'] {
    return this.#table('hosts')
  }

  machines(machineIds: ReadonlySet<string>): MachineSeen[] {
    return this.#table('machines').filter((row) => machineIds.has(row.machineId))
  }

  nodes(clusterUid: string): NodeSeen[] {
    return this.#table('nodes').filter((row) => row.clusterUid === clusterUid)
  }

  #finishFull(message: SiteSeenMessage, session: number, touched: Map<SeenTable, Set<string>>): boolean {
    const keys: [SeenTable, string][] = TABLES.flatMap((table) =>
      (message[table]?.put ?? []).map((row): [SeenTable, string] => [table, keyOf(table, row)]),
    )
    const parts = this.#parts.take('site.seen', session, message.part, message.last, keys)
    if (!parts) return false
    const there = new Set(parts.flat().map(([table, key]) => `${table} ${key}`))
    for (const { kind, key } of this.#sql.rows<{ kind: SeenTable; key: string }>('SELECT kind, key FROM seen'))
      if (!there.has(`${kind} ${key}`) && this.#remove(kind, key)) touched.get(kind)!.add(key)
    return true
  }

  #put(table: SeenTable, row: SeenRows[SeenTable]): boolean {
    const key = keyOf(table, row)
    const text = JSON.stringify(row)
    const known = this.#sql.first<{ row: string }>('SELECT row FROM seen WHERE kind = ? AND key = ?', table, key)
    if (known?.row === text) return false
    if (!known && this.#count(table) >= MAX_ROWS) return false
    this.#sql.run('INSERT OR REPLACE INTO seen (kind, key, row) VALUES (?, ?, ?)', table, key, text)
    return true
  }

  #remove(table: SeenTable, key: string): boolean {
    if (!this.#sql.first('SELECT 1 AS one FROM seen WHERE kind = ? AND key = ?', table, key)) return false
    this.#sql.run('DELETE FROM seen WHERE kind = ? AND key = ?', table, key)
    return true
  }

  #count(table: SeenTable): number {
    return this.#sql.first<{ n: number }>('SELECT COUNT(*) AS n FROM seen WHERE kind = ?', table)?.n ?? 0
  }

  #table<T extends SeenTable>(table: T): SeenRows[T][] {
    return this.#sql
      .rows<{ row: string }>('SELECT row FROM seen WHERE kind = ? ORDER BY key', table)
      .map((stored) => SEEN_TABLES[table].parse(JSON.parse(stored.row)) as SeenRows[T])
  }
}

const emptyTables = (): { [T in SeenTable]: SeenRows[T][] } => ({
  hosts: [],
  storages: [],
  bridges: [],
  guests: [],
  machines: [],
  nodes: [],
})

/** The row comes out of the table's own schema, so it has the shape its key function takes. */
const keyOf = (table: SeenTable, row: SeenRows[SeenTable]): string =>
  (seenKeys[table] as (row: SeenRows[SeenTable]) => string)(row)
