/** SQLite parameters per statement stop at 100; lists are cut well below. */
export const MAX_LIST_PARAMETERS = 90

type Row = Record<string, SqlStorageValue>

/** An object's SQLite with the rows it wrote counted, because written rows are what the free plan limits first. */
export class Sql {
  readonly #storage: DurableObjectStorage
  #rowsWritten = 0

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  rows<T extends Row>(query: string, ...parameters: SqlStorageValue[]): T[] {
    const cursor = this.#storage.sql.exec<T>(query, ...parameters)
    const rows = cursor.toArray()
    this.#rowsWritten += cursor.rowsWritten
    return rows
  }

  first<T extends Row>(query: string, ...parameters: SqlStorageValue[]): T | undefined {
    return this.rows<T>(query, ...parameters)[0]
  }

  run(query: string, ...parameters: SqlStorageValue[]): void {
    this.rows(query, ...parameters)
  }

  /** All or nothing; nothing may be awaited inside. */
  transaction<T>(work: () => T): T {
    return this.#storage.transactionSync(work)
  }

  /** Rows written since the last call. */
  takeRowsWritten(): number {
    const rows = this.#rowsWritten
    this.#rowsWritten = 0
    return rows
  }
}
