import type { Clock } from '#core/base/clock.ts'
import type { Result } from '#core/base/result.ts'
import type { OperationInput, OperationKind, OperationOutput } from '#core/model/operation.ts'
import type { Problem } from '#core/model/problem.ts'
import type { Logger } from '../log.ts'

/**
 * How an effect is made: look, act, write the handle down, wait, look again. A handler may be started again after a
 * crash at any line and must then converge on the same single effect.
 */
export type OperationHandler<K extends OperationKind> = (
  input: OperationInput<K>,
  context: HandlerContext,
) => Promise<Result<OperationOutput<K>, Problem>>

export interface HandlerContext {
  readonly operationId: string
  readonly attempt: number
  readonly steps: StepJournal
  readonly clock: Clock
  /** Aborted when the operation is cancelled or past its deadline; checked between steps, never in the middle of one. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Last value only; cheap to call. */
  progress(step: string, percent?: number): void
}

/** What an unknown outcome of a step means (facts: tunnel.md §3.2). */
export type StepClass = 'read' | 'idempotent' | 'keyed-create' | 'probe-only' | 'irreversible'

/** The part of the journal one operation sees. Every call commits before it returns. */
export interface StepJournal {
  /** Written before the effect; a second intent of the same name tells that the outcome of the first is unknown. */
  intend(name: string, stepClass: StepClass): { readonly before: 'never' | 'unknown' | 'done' }
  /** The handle of work that goes on outside: a Proxmox UPID. Kept across restarts. */
  rememberHandle(name: string, handle: string): void
  handleOf(name: string): string | undefined
  /** Written after the effect. */
  done(name: string, evidence?: string): void
}
