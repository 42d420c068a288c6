import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem, type ProblemCode } from '#core/model/problem.ts'
import type { Provider, TaskHandle } from '../providers/provider.ts'
import type { HandlerContext, StepClass } from './handler.ts'
import { paceOf } from './pace.ts'

/**
 * Every wait of a handler: it has a limit, it ends early when the operation is cancelled, and it puts up only with
 * what passes by itself. Nothing here repeats an effect by itself.
 */
export interface Patience {
  /** What is waited for, as people say it; goes into the facts. */
  readonly what: string
  /** Waiting and looking together, ms of the agent's clock. */
  readonly limitMs: number
  readonly everyMs: number
}

/** Conditions that end by themselves, and so are waited out. Everything else is an answer. */
const PASSING: ReadonlySet<ProblemCode> = new Set([
  'provider-unreachable',
  'provider-busy',
  'still-settling',
  'factory-unreachable',
  'node-unreachable',
  'kubernetes-unreachable',
  'kubernetes-forbidden',
  'bootstrap-not-ready',
  'check-failed',
])

/** Whether what stands in the way ends by itself. */
export const passes = ({ code }: Problem): boolean => PASSING.has(code)

/** Cancelled, past its deadline, or the agent ends: the caller of the handler knows which. */
export const cancelled = (context: HandlerContext): Result<never, Problem> | undefined =>
  context.signal.aborted ? err(problem('cancelled')) : undefined

/**
 * Looks until there is something. `undefined` means not yet. Problem `deadline-passed` carries the last passing problem
 * as its cause; `cancelled` when the operation is.
 */
export async function waitFor<T>(
  { clock, signal }: HandlerContext,
  { what, limitMs, everyMs }: Patience,
  look: () => Promise<Result<T | undefined, Problem>>,
): Promise<Result<T, Problem>> {
  let waitedMs = 0
  let last: Problem | undefined
  while (!signal.aborted) {
    const lookedAt = clock.now()
    const seen = await look()
    if (seen.ok && seen.value !== undefined) return ok(seen.value)
    if (!seen.ok && !PASSING.has(seen.error.code)) return seen
    last = seen.ok ? undefined : seen.error
    // Sleeping runs at the clock's rate and looking does not, so both are added up rather than read off the wall.
    waitedMs += everyMs + (clock.now() - lookedAt)
    if (waitedMs > limitMs) return err(problem('deadline-passed', { waitingFor: what, limitMs }, last))
    await clock.sleep(everyMs, signal)
  }
  return err(problem('cancelled', { waitingFor: what }))
}

/** Waits for the end of what a provider is doing. A provider that does not answer for a while is waited out. */
export async function waitForTask(
  { clock, signal }: HandlerContext,
  provider: Provider,
  handle: TaskHandle,
  { what, limitMs, onPoll }: { what: string; limitMs: number; onPoll?: () => Promise<TaskProgress> },
): Promise<Result<void, Problem>> {
  const pace = paceOf(provider, what)
  let waitedMs = 0
  let totalMs = Infinity
  let last: Problem | undefined
  while (!signal.aborted) {
    const lookedAt = clock.now()
    const task = await provider.pollTask(handle)
    if (task.ok && task.value.state === 'done') {
      pace.ended(waitedMs)
      return ok(undefined)
    }
    if (task.ok && task.value.state === 'failed') return err(task.value.problem)
    if (!task.ok && !PASSING.has(task.error.code)) return task
    last = task.ok ? undefined : task.error
    const percent = await onPoll?.()
    // Sleeping runs at the clock's rate and looking does not, so both are added up rather than read off the wall.
    waitedMs += clock.now() - lookedAt
    // Between two percents the same number says more and more; the first time it was seen was right.
    totalMs = Math.min(totalMs, foretold(waitedMs, percent))
    const everyMs = pace.nextMs(waitedMs, totalMs === Infinity ? undefined : totalMs)
    waitedMs += everyMs
    if (waitedMs > limitMs) return err(problem('deadline-passed', { waitingFor: what, task: handle, limitMs }, last))
    await clock.sleep(everyMs, signal)
  }
  return err(problem('cancelled', { waitingFor: what }))
}

/** How far the work has come, if it tells; 0…100. */
export type TaskProgress = number | undefined | void

/** The first percents of a download say little about the rest. */
const TELLING_PERCENT = 5
const foretold = (waitedMs: number, percent: TaskProgress): number =>
  percent === undefined || percent < TELLING_PERCENT ? Infinity : (waitedMs * 100) / percent

export interface TaskStep {
  /** Name of the step in the journal. */
  readonly name: string
  readonly stepClass: StepClass
  /** How long the work may take once it has begun. */
  readonly limitMs: number
  /** How long the provider may be busy with something else before it begins. */
  readonly busyMs?: number
}

/** Backups and shutdowns hold a guest's lock for minutes. */
const BUSY_MS = 2 * 60_000
const BUSY_POLL_MS = 5_000

/**
 * One effect that goes on by itself: intent, start, handle, wait. `start` looks before it acts and answers undefined when
 * nothing is left to do; that is why it may be asked again after an answer was lost, or after the work met a lock.
 */
export async function runTaskStep(
  context: HandlerContext,
  provider: Provider,
  step: TaskStep,
  start: () => Promise<Result<TaskHandle | undefined, Problem>>,
): Promise<Result<void, Problem>> {
  const { steps } = context
  const wait = (handle: TaskHandle) =>
    waitForTask(context, provider, handle, { what: step.name, limitMs: step.limitMs })
  const earlier = steps.handleOf(step.name)
  // A restart finds the task where it left it. Whatever came of it, `start` looks at the world next.
  if (earlier !== undefined) {
    const ended = await wait(earlier)
    if (!ended.ok && ended.error.code === 'cancelled') return ended
  }
  steps.intend(step.name, step.stepClass)
  const finished = await waitFor(
    context,
    { what: step.name, limitMs: (step.busyMs ?? BUSY_MS) + step.limitMs, everyMs: BUSY_POLL_MS },
    async () => {
      const started = await start()
      if (!started.ok) return started.error.code === 'outcome-unknown' ? ok(undefined) : started
      if (started.value === undefined) return ok('done' as const)
      steps.rememberHandle(step.name, started.value)
      const ended = await wait(started.value)
      if (ended.ok) return ok('done' as const)
      // Work that met a lock ends at once and did nothing; work whose end nobody knows is looked at by the next start.
      return ended.error.code === 'outcome-unknown' ? ok(undefined) : ended
    },
  )
  if (!finished.ok) return finished
  steps.done(step.name)
  return ok(undefined)
}
