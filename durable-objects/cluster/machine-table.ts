import { Placement } from '#core/model/placement.ts'
import { RememberedMachine } from '#core/plan/machines.ts'
import type { Sql } from '../sql.ts'

interface MachineRow extends Record<string, SqlStorageValue> {
  machine_id: string
  machine: string
  placement: string | null
}

export interface KeptMachine {
  readonly machine: RememberedMachine
  /** A copy of what the Site object decided; the Site object's is the one that counts. */
  readonly placement: Placement | undefined
}

/** Every machine of a cluster that may exist, leaving ones included; a row goes only when its placement is released. */
export class MachineTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  all(): KeptMachine[] {
    return this.#sql.rows<MachineRow>('SELECT * FROM machines ORDER BY machine_id').map((row) => ({
      machine: RememberedMachine.parse(JSON.parse(row.machine)),
      placement: row.placement === null ? undefined : Placement.parse(JSON.parse(row.placement)),
    }))
  }

  /** Stores what differs; machines that are not in the list stay. */
  remember(machines: readonly RememberedMachine[]): void {
    const known = new Map(this.all().map((kept) => [kept.machine.machineId, JSON.stringify(kept.machine)]))
    for (const machine of machines) {
      const text = JSON.stringify(machine)
      if (known.get(machine.machineId) === text) continue
      this.#sql.run(
        `INSERT INTO machines (machine_id, machine) VALUES (?, ?)
         ON CONFLICT (machine_id) DO UPDATE SET machine = excluded.machine`,
        machine.machineId,
        text,
      )
    }
  }

  place(placements: readonly Placement[]): void {
    for (const placement of placements)
      this.#sql.run(
        'UPDATE machines SET placement = ? WHERE machine_id = ?',
        JSON.stringify(placement),
        placement.machineId,
      )
  }

  forget(machineIds: readonly string[]): void {
    for (const id of machineIds) this.#sql.run('DELETE FROM machines WHERE machine_id = ?', id)
  }
}
