import { Placement } from '#core/model/placement.ts'
import type { Sql } from '../sql.ts'

/** What the site has given out. A placement has no expiry: only `release` takes it back. */
export class PlacementTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  all(): Placement[] {
    return this.#sql.rows<{ placement: string }>('SELECT placement FROM placements ORDER BY machine_id').map(read)
  }

  machineIds(clusterUid: string): Set<string> {
    const rows = this.#sql.rows<{ machine_id: string }>(
      'SELECT machine_id FROM placements WHERE cluster_uid = ?',
      clusterUid,
    )
    return new Set(rows.map((row) => row.machine_id))
  }

  clusterOf(machineId: string): string | undefined {
    return this.#sql.first<{ cluster_uid: string }>(
      'SELECT cluster_uid FROM placements WHERE machine_id = ?',
      machineId,
    )?.cluster_uid
  }

  /** All or none; a machine that has a place keeps it. */
  add(placements: readonly Placement[]): void {
    this.#sql.transaction(() => {
      for (const placement of placements)
        this.#sql.run(
          'INSERT INTO placements (machine_id, cluster_uid, placement) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          placement.machineId,
          placement.clusterUid,
          JSON.stringify(placement),
        )
    })
  }

  /** Another size of a place that is given already; one that was taken back meanwhile stays taken back. */
  replace(clusterUid: string, placements: readonly Placement[]): void {
    this.#sql.transaction(() => {
      for (const placement of placements)
        this.#sql.run(
          'UPDATE placements SET placement = ? WHERE machine_id = ? AND cluster_uid = ?',
          JSON.stringify(placement),
          placement.machineId,
          clusterUid,
        )
    })
  }

  /** How many were taken back; those of other clusters are not. */
  release(clusterUid: string, machineIds: readonly string[]): number {
    const mine = this.machineIds(clusterUid)
    const released = machineIds.filter((id) => mine.has(id))
    for (const id of released) this.#sql.run('DELETE FROM placements WHERE machine_id = ?', id)
    return released.length
  }
}

const read = (row: { placement: string }): Placement => Placement.parse(JSON.parse(row.placement))
