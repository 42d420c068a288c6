import { z } from 'zod'
import { invariant } from '#core/base/invariant.ts'
import { err, ok } from '#core/base/result.ts'
import { OPERATION_INPUTS, OPERATION_KINDS, OPERATION_OUTPUTS, OperationResult } from '#core/model/operation.ts'
import { problem } from '#core/model/problem.ts'
import type { Database } from './database.ts'
import type { JournalledOperation, OperationTable } from './journal.ts'
import { forgetMade, rememberMade } from './made-machines.ts'
import { openStepJournal } from './step-table.ts'

/**
 * The operations of this agent (rules O10-O13, O18). An acknowledged operation stays as a row without its steps for
 * `KEPT_MS`, so that a straggling copy of its offer meets its result and never starts work a second time.
 */

/** A snapshot must fit the lists of `ops.diff`, which take this many ids. */
export const MAX_UNACKNOWLEDGED = 1_000
/** An operation with its steps is about 8 KiB: two orders above what the lists allow, far below any disk. */
const MAX_JOURNAL_BYTES = 256 * 1024 * 1024
/** Far longer than any offer can be under way. */
const KEPT_MS = 7 * 24 * 60 * 60_000

const COLUMNS = `operation_id AS operationId, kind, cluster_uid AS clusterUid, cluster_fence AS clusterFence, attempt,
  input, deadline_ms AS deadlineMs, accepted_at AS acceptedAt, started_at AS startedAt, result, acked,
  (SELECT name FROM steps WHERE steps.operation_id = operations.operation_id
    ORDER BY intent_at DESC, done_at IS NULL DESC LIMIT 1) AS step`

const OperationRow = z.object({
  operationId: z.string(),
  kind: z.enum(OPERATION_KINDS),
  clusterUid: z.string(),
  clusterFence: z.number(),
  attempt: z.number(),
  input: z.string(),
  deadlineMs: z.number(),
  acceptedAt: z.number(),
  startedAt: z.number().nullable(),
  result: z.string().nullable(),
  acked: z.number(),
  step: z.string().nullable(),
})

export function openOperationTable(database: Database, now: () => number): OperationTable {
  const select = (where: string, ...values: (string | number)[]): JournalledOperation[] =>
    database
      .all(OperationRow, `SELECT ${COLUMNS} FROM operations ${where} ORDER BY accepted_at, operation_id`, ...values)
      .map(toOperation)
  const find = (operationId: string): JournalledOperation | undefined =>
    select('WHERE operation_id = ?', operationId)[0]
  const fenceOf = (clusterUid: string): number =>
    database.all(z.object({ fence: z.number() }), 'SELECT fence FROM fences WHERE cluster_uid = ?', clusterUid)[0]
      ?.fence ?? 0
  const unacknowledgedCount = (): number =>
    database.all(z.object({ count: z.number() }), 'SELECT count(*) AS count FROM operations WHERE acked = 0')[0]
      ?.count ?? 0

  return {
    find,
    fenceOf,
    running: () => select("WHERE state = 'running'"),
    unacknowledged: () => select('WHERE acked = 0'),

    accept(offer) {
      const unacknowledged = unacknowledgedCount()
      const bytes = database.sizeBytes()
      if (unacknowledged >= MAX_UNACKNOWLEDGED || bytes >= MAX_JOURNAL_BYTES)
        return err(problem('journal-full', { unacknowledged, bytes }))
      try {
        database.commit('accept', () => {
          database.run('DELETE FROM operations WHERE acked = 1 AND finished_at < ?', now() - KEPT_MS)
          database.run(
            `INSERT INTO operations (operation_id, kind, cluster_uid, cluster_fence, session_epoch, attempt, state, input,
               deadline_ms, accepted_at) VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)`,
            offer.operationId,
            offer.kind,
            offer.clusterUid,
            offer.clusterFence,
            offer.sessionEpoch,
            offer.attempt,
            JSON.stringify(offer.input),
            offer.deadlineMs,
            now(),
          )
          database.run(
            `INSERT INTO fences (cluster_uid, fence) VALUES (?, ?)
               ON CONFLICT DO UPDATE SET fence = max(fence, excluded.fence)`,
            offer.clusterUid,
            offer.clusterFence,
          )
        })
      } catch (thrown) {
        if (isDiskFull(thrown)) return err(problem('journal-full', { unacknowledged, bytes }))
        throw thrown
      }
      const accepted = find(offer.operationId)
      invariant(accepted, 'an accepted operation is in the journal')
      return ok(accepted)
    },

    adoptAttempt(operationId, attempt) {
      database.commit('attempt', () =>
        database.run('UPDATE operations SET attempt = max(attempt, ?) WHERE operation_id = ?', attempt, operationId),
      )
    },

    markStarted(operationId) {
      database.commit('started', () =>
        database.run(
          'UPDATE operations SET started_at = coalesce(started_at, ?) WHERE operation_id = ?',
          now(),
          operationId,
        ),
      )
      return find(operationId)?.startedAt ?? now()
    },

    finish(operationId, result) {
      database.commit('finish', () => {
        const operation = find(operationId)
        if (!operation || operation.result) return
        database.run(
          "UPDATE operations SET state = 'finished', finished_at = ?, result = ? WHERE operation_id = ?",
          now(),
          JSON.stringify(result),
          operationId,
        )
        if (result.outcome === 'succeeded') learnFrom(database, operation, result.output, now())
      })
    },

    acknowledge(operationId, attempt) {
      database.commit('ack', () => {
        const acked = database.run(
          "UPDATE operations SET acked = 1 WHERE operation_id = ? AND attempt = ? AND state = 'finished'",
          operationId,
          attempt,
        )
        if (acked > 0) database.run('DELETE FROM steps WHERE operation_id = ?', operationId)
      })
    },

    forget(operationIds) {
      if (operationIds.length === 0) return
      database.commit('forget', () => {
        // One that still runs keeps its row and steps until it has ended, or a restart would lose sight of its effect.
        for (const operationId of operationIds)
          database.run('UPDATE operations SET acked = 1 WHERE operation_id = ?', operationId)
      })
    },

    steps: (operationId) => openStepJournal(database, operationId, now),
  }
}

/** What a finished operation teaches about its machine belongs to the same commit as its result. */
function learnFrom(database: Database, operation: JournalledOperation, output: unknown, at: number): void {
  if (operation.kind === 'machine.configure') {
    const { intentHash, configToken } = OPERATION_OUTPUTS['machine.configure'].parse(output)
    database.run(
      `INSERT INTO configured_machines (machine_id, intent_hash, config_token, at) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET intent_hash = excluded.intent_hash, config_token = excluded.config_token, at = excluded.at`,
      operation.input.machineId,
      intentHash,
      configToken,
      at,
    )
  }
  if (operation.kind === 'machine.create' || operation.kind === 'machine.resize')
    rememberMade(database, operation.input, at)
  if (operation.kind === 'machine.remove') {
    database.run('DELETE FROM configured_machines WHERE machine_id = ?', operation.input.machineId)
    forgetMade(database, operation.input.machineId)
  }
}

function toOperation(row: z.infer<typeof OperationRow>): JournalledOperation {
  const { kind, input, result, acked, startedAt, step, ...rest } = row
  return {
    ...rest,
    kind,
    input: OPERATION_INPUTS[kind].parse(JSON.parse(input)),
    acked: acked === 1,
    ...(startedAt === null ? {} : { startedAt }),
    ...(step === null ? {} : { step }),
    ...(result === null ? {} : { result: OperationResult.parse(JSON.parse(result)) }),
    // The schema of the kind has just read the input, which is what ties the two together.
  } as JournalledOperation
}

const isDiskFull = (thrown: unknown): boolean => thrown instanceof Error && /disk is full/i.test(thrown.message)
