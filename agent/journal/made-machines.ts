import { z } from 'zod'
import { OPERATION_INPUTS } from '#core/model/operation.ts'
import type { MadeMachine } from '../providers/provider.ts'
import type { Database } from './database.ts'
import type { MadeMachines } from './journal.ts'

/**
 * As what machines were made, or last changed, by this agent: the wishes of the cloud may be newer, and the machine itself
 * may have been changed by others.
 */
const Made = OPERATION_INPUTS['machine.resize'].pick({
  machineId: true,
  name: true,
  host: true,
  vmid: true,
  clusterUid: true,
  clusterName: true,
  guestAgent: true,
  hardware: true,
})
const MadeRow = z.object({ made: z.string() })

export function openMadeMachines(database: Database): MadeMachines {
  /** Rows are asked for with every observation, and reading one takes longer than finding it unchanged. */
  const parsed = new Map<string, { readonly text: string; readonly made: MadeMachine | undefined }>()
  return {
    find(machineId) {
      const [row] = database.all(MadeRow, 'SELECT made FROM made_machines WHERE machine_id = ?', machineId)
      if (!row) {
        parsed.delete(machineId)
        return undefined
      }
      const known = parsed.get(machineId)
      if (known?.text === row.made) return known.made
      const made = parse(row.made)
      parsed.set(machineId, { text: row.made, made })
      return made
    },
  }
}

/** One that an agent wrote who knew other hardware is as good as none: the next change writes it anew. */
function parse(text: string): MadeMachine | undefined {
  const read = Made.safeParse(JSON.parse(text))
  return read.success ? { ...read.data, mac: read.data.hardware.nics[0]?.mac } : undefined
}

/** Part of the commit in which the operation that made it ends. */
export function rememberMade(database: Database, input: MadeMachine, at: number): void {
  database.run(
    `INSERT INTO made_machines (machine_id, made, at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET made = excluded.made, at = excluded.at`,
    input.machineId,
    JSON.stringify(Made.parse(input)),
    at,
  )
}

export const forgetMade = (database: Database, machineId: string): number =>
  database.run('DELETE FROM made_machines WHERE machine_id = ?', machineId)
