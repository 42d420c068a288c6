import { z } from 'zod'
import { invariant } from '#core/base/invariant.ts'
import type { StepJournal } from '../operations/handler.ts'
import type { Database } from './database.ts'

/** Names come from handlers, evidence from the world; both are cut rather than allowed to fill the journal. */
const MAX_EVIDENCE_CHARS = 2_000

const StepRow = z.object({ handle: z.string().nullable(), doneAt: z.number().nullable() })

/** The steps of one operation: intent before the effect, handle as soon as it is known, evidence after (rule O10). */
export function openStepJournal(database: Database, operationId: string, now: () => number): StepJournal {
  const find = (name: string): z.infer<typeof StepRow> | undefined =>
    database.all(
      StepRow,
      'SELECT handle, done_at AS doneAt FROM steps WHERE operation_id = ? AND name = ?',
      operationId,
      name,
    )[0]
  return {
    intend(name, stepClass) {
      const before = find(name)
      if (before) return { before: before.doneAt === null ? 'unknown' : 'done' }
      database.commit(`intent ${name}`, () =>
        database.run(
          'INSERT INTO steps (operation_id, name, class, intent_at) VALUES (?, ?, ?, ?)',
          operationId,
          name,
          stepClass,
          now(),
        ),
      )
      return { before: 'never' }
    },
    rememberHandle(name, handle) {
      database.commit(`handle ${name}`, () => {
        const changed = database.run(
          'UPDATE steps SET handle = ? WHERE operation_id = ? AND name = ?',
          handle,
          operationId,
          name,
        )
        invariant(changed === 1, `step "${name}" of ${operationId} was intended before its handle is known`)
      })
    },
    handleOf: (name) => find(name)?.handle ?? undefined,
    done(name, evidence) {
      database.commit(`done ${name}`, () =>
        database.run(
          'UPDATE steps SET done_at = ?, evidence = ? WHERE operation_id = ? AND name = ?',
          now(),
          evidence?.slice(0, MAX_EVIDENCE_CHARS) ?? null,
          operationId,
          name,
        ),
      )
    },
  }
}
