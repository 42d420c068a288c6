import { canonicalJson, type Json } from '#core/base/canonical-json.ts'
import { SEEN_TABLES, seenKeys, type SeenRows, type SeenTable, type SiteSeen } from '#core/model/seen.ts'

/** What of an observation the other side does not know yet, table by table. Pure. */
export type SeenChange = {
  [T in SeenTable]: { readonly table: T; readonly put: readonly SeenRows[T][]; readonly gone: readonly string[] }
}[SeenTable]

const TABLES = Object.keys(SEEN_TABLES) as SeenTable[]

/** Empty when nothing changed. A row that looks the same is never sent twice. */
export const difference = (before: SiteSeen, after: SiteSeen): readonly SeenChange[] =>
  TABLES.map((table) => changeOf(table, before, after)).filter(({ put, gone }) => put.length > 0 || gone.length > 0)

function changeOf<T extends SeenTable>(table: T, before: SiteSeen, after: SiteSeen): SeenChange {
  const known = byKey(table, before[table])
  const current = byKey(table, after[table])
  const put = [...current].filter(([key, row]) => textOf(known.get(key)) !== textOf(row)).map(([, row]) => row)
  const gone = [...known.keys()].filter((key) => !current.has(key))
  // One table at a time is what the mapped type says; the compiler cannot follow that through a type parameter.
  return { table, put, gone } as unknown as SeenChange
}

/** The later of two rows with one key wins, so that a message never holds both. */
const byKey = <T extends SeenTable>(table: T, rows: readonly SeenRows[T][]): ReadonlyMap<string, SeenRows[T]> =>
  new Map(rows.map((row) => [seenKeys[table](row), row]))

const textOf = (row: unknown): string => (row === undefined ? '' : canonicalJson(row as Json))
