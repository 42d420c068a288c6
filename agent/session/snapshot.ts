import { SNAPSHOT_PART, type OpsSnapshot } from '#core/protocol/ops-snapshot.ts'
import type { JournalledOperation } from '../journal/journal.ts'

const MAX_STEP_CHARS = 64

/** The agent's table of operations as messages: at least one part, the last one marked. Pure. */
export function snapshotOf(operations: readonly JournalledOperation[]): readonly OpsSnapshot[] {
  const rows: OpsSnapshot['operations'] = operations.map(({ operationId, attempt, result, step }) => ({
    operationId,
    attempt,
    state: result ? 'finished' : 'running',
    ...(step === undefined ? {} : { step: step.slice(0, MAX_STEP_CHARS) }),
  }))
  const partCount = Math.max(1, Math.ceil(rows.length / SNAPSHOT_PART))
  return Array.from({ length: partCount }, (_, part) => ({
    type: 'ops.snapshot',
    part,
    last: part === partCount - 1,
    operations: rows.slice(part * SNAPSHOT_PART, (part + 1) * SNAPSHOT_PART),
  }))
}
