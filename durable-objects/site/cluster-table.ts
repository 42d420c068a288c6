import { WatchPut } from '#core/protocol/watch-put.ts'
import type { Sql } from '../sql.ts'

interface ClusterRow extends Record<string, SqlStorageValue> {
  cluster_uid: string
  refused: number
  wake_owed: number
  watch: string | null
}

/** Clusters that have asked this site for something: whom to wake, and what the agent observes of them. */
export class ClusterTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** Remembers the cluster; a known one costs no row. */
  meet(clusterUid: string): void {
    if (!this.known(clusterUid))
      this.#sql.run('INSERT INTO clusters (cluster_uid, refused, wake_owed) VALUES (?, 0, 0)', clusterUid)
  }

  known(clusterUid: string): boolean {
    return this.#sql.first('SELECT 1 AS one FROM clusters WHERE cluster_uid = ?', clusterUid) !== undefined
  }

  uids(): string[] {
    return this.#rows().map((row) => row.cluster_uid)
  }

  /** Clusters that did not get a place for their machines and would like to hear of room. */
  refused(): string[] {
    return this.#rows()
      .filter((row) => row.refused === 1)
      .map((row) => row.cluster_uid)
  }

  setRefused(clusterUid: string, refused: boolean): void {
    this.#set('refused', clusterUid, refused)
  }

  /** Clusters that could not be woken; the alarm tries again. */
  owed(): string[] {
    return this.#rows()
      .filter((row) => row.wake_owed === 1)
      .map((row) => row.cluster_uid)
  }

  setOwed(clusterUid: string, owed: boolean): void {
    this.#set('wake_owed', clusterUid, owed)
  }

  watches(): WatchPut[] {
    return this.#rows().flatMap((row) => (row.watch === null ? [] : [WatchPut.parse(JSON.parse(row.watch))]))
  }

  setWatch(watch: WatchPut): void {
    this.meet(watch.clusterUid)
    const text = JSON.stringify(watch)
    this.#sql.run(
      'UPDATE clusters SET watch = ? WHERE cluster_uid = ? AND watch IS NOT ?',
      text,
      watch.clusterUid,
      text,
    )
  }

  /** The agent has been told to stop; there is nothing left to tell it. */
  clearWatch(clusterUid: string): void {
    this.#sql.run('UPDATE clusters SET watch = NULL WHERE cluster_uid = ? AND watch IS NOT NULL', clusterUid)
  }

  /** A cluster that waits for nothing here leaves; one that asks again is met again. */
  forgetIdle(clusterUid: string): void {
    this.#sql.run(
      `DELETE FROM clusters WHERE cluster_uid = ? AND refused = 0 AND wake_owed = 0 AND watch IS NULL
       AND NOT EXISTS (SELECT 1 FROM placements WHERE placements.cluster_uid = clusters.cluster_uid)`,
      clusterUid,
    )
  }

  #rows(): ClusterRow[] {
    return this.#sql.rows<ClusterRow>('SELECT * FROM clusters ORDER BY cluster_uid')
  }

  #set(column: 'refused' | 'wake_owed', clusterUid: string, value: boolean): void {
    const flag = value ? 1 : 0
    this.#sql.run(`UPDATE clusters SET ${column} = ? WHERE cluster_uid = ? AND ${column} <> ?`, flag, clusterUid, flag)
  }
}
