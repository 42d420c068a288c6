import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import type { HandlerDeps } from './deps.ts'
import type { OperationHandler } from './handler.ts'
import { runTaskStep, waitFor } from './waiting.ts'

/**
 * A machine is powered on. Safe to run again: one that runs is left running.
 * Problems: task-failed, provider-busy (later); not-ours, not-found (never).
 */
export const startMachine =
  ({ provider }: HandlerDeps): OperationHandler<'machine.start'> =>
  async (input, context) => {
    context.progress('starting')
    const started = await runTaskStep(context, provider, START, () => provider.startPowerOn(input))
    if (!started.ok && started.error.code === 'cancelled') return started

    // A start task can fail while the machine runs, and succeed while it does not: what runs counts.
    const first = await provider.look(input)
    const isQueued = first.ok && first.value.state === 'present' && first.value.machine.haManaged
    const running = await waitFor(context, isQueued ? QUEUED_SETTLE : SETTLE, async () => {
      const sight = await provider.look(input)
      if (!sight.ok) return sight
      if (sight.value.state === 'present') return ok(sight.value.machine.running ? true : undefined)
      return err(started.ok ? problem('outcome-unknown', { state: sight.value.state }) : started.error)
    })
    if (running.ok) return ok({})
    return started.ok || running.error.code === 'cancelled' ? running : started
  }

/** Start itself waits up to 30 s, and longer for a guest with much memory. */
const START = { name: 'start', stepClass: 'idempotent', limitMs: 4 * 60_000 } as const
const SETTLE = { what: 'the machine to run', limitMs: 5_000, everyMs: 1_000 }
/** The availability manager was only told; it acts in rounds of 10 s. */
const QUEUED_SETTLE = { ...SETTLE, limitMs: 2 * 60_000 }
