import { z } from 'zod'
import type { Sql } from '../sql.ts'

/** What is remembered of one agent's journals, so that a copy, an older state and a revoked key are told apart. */
const JournalMemory = z.object({
  /** The journal that confirmed an epoch last, and what it knew then. */
  id: z.string().optional(),
  counter: z.number().default(0),
  epoch: z.number().default(0),
  /** Journals of this agent that another one has replaced; one that comes back is a copy. */
  retired: z.array(z.string()).default([]),
  /** Since when two of one key have been seen. */
  clonedAt: z.number().optional(),
  /** Revoked: nothing of it counts, whatever the door still let through. */
  dismissedAt: z.number().optional(),
})
export type JournalMemory = z.infer<typeof JournalMemory>

/** A journal is replaced when a machine is set up anew; nobody does that more often. */
const MAX_RETIRED = 8
/** Agents of one site, revoked ones included; past it those that were revoked first are forgotten, and the door knows them. */
const MAX_AGENTS = 100

export class JournalTable {
  readonly #sql: Sql

  constructor(sql: Sql) {
    this.#sql = sql
  }

  find(agentId: string): JournalMemory | undefined {
    const row = this.#sql.first<{ memory: string }>('SELECT memory FROM journals WHERE agent_id = ?', agentId)
    return row && JournalMemory.parse(JSON.parse(row.memory))
  }

  /** An agent has confirmed an epoch with this journal. */
  confirm(agentId: string, { id, counter, epoch }: { id: string; counter: number; epoch: number }): void {
    const known = this.find(agentId)
    const replaced = known?.id !== undefined && known.id !== id ? [known.id] : []
    const retired = [...replaced, ...(known?.retired ?? [])].slice(0, MAX_RETIRED)
    this.#put(agentId, { ...known, id, counter, epoch, retired })
  }

  /** True the first time. */
  markCloned(agentId: string, at: number): boolean {
    const known = this.find(agentId)
    if (known?.clonedAt !== undefined) return false
    this.#put(agentId, { counter: 0, epoch: 0, retired: [], ...known, clonedAt: at })
    return true
  }

  /** The key has been replaced: whoever has a copy of the old one is locked out. */
  markUnique(agentId: string): void {
    const known = this.find(agentId)
    if (known?.clonedAt !== undefined) this.#put(agentId, { ...known, clonedAt: undefined })
  }

  /** Never admitted again, and no longer anybody's copy. */
  dismiss(agentId: string, at: number): void {
    const known = this.find(agentId)
    if (known?.dismissedAt !== undefined) return
    this.#put(agentId, { counter: 0, epoch: 0, retired: [], ...known, clonedAt: undefined, dismissedAt: at })
    this.#sql.run(
      `DELETE FROM journals WHERE agent_id IN (
         SELECT agent_id FROM journals WHERE memory ->> 'dismissedAt' IS NOT NULL
         ORDER BY memory ->> 'dismissedAt' DESC LIMIT -1 OFFSET ?)`,
      MAX_AGENTS,
    )
  }

  dismissed(agentId: string): boolean {
    return this.find(agentId)?.dismissedAt !== undefined
  }

  /** Agents whose key is in two places, by id. */
  cloned(): readonly { readonly agentId: string; readonly at: number }[] {
    return this.#sql
      .rows<{ agent_id: string; memory: string }>('SELECT agent_id, memory FROM journals ORDER BY agent_id')
      .flatMap(({ agent_id: agentId, memory }) => {
        const { clonedAt } = JournalMemory.parse(JSON.parse(memory))
        return clonedAt === undefined ? [] : [{ agentId, at: clonedAt }]
      })
  }

  #put(agentId: string, memory: JournalMemory): void {
    this.#sql.run(
      'INSERT INTO journals (agent_id, memory) VALUES (?, ?) ON CONFLICT DO UPDATE SET memory = excluded.memory',
      agentId,
      JSON.stringify(memory),
    )
  }
}
