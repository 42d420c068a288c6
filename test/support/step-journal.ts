import { pino } from 'pino'
import type { Clock } from '#core/base/clock.ts'
import type { HandlerContext, StepJournal } from '#agent/operations/handler.ts'
import { createClock, MAX_CLOCK_RATE } from '#agent/clock.ts'

/** The steps of one operation in memory: they outlive a handler that is killed, like the journal does. */
export function memorySteps(): StepJournal {
  const steps = new Map<string, { handle?: string; done: boolean }>()
  return {
    intend(name) {
      const before = steps.get(name)
      if (before) return { before: before.done ? 'done' : 'unknown' }
      steps.set(name, { done: false })
      return { before: 'never' }
    },
    rememberHandle(name, handle) {
      const step = steps.get(name)
      if (!step) throw new Error(`step ${name} was not intended`)
      step.handle = handle
    },
    handleOf: (name) => steps.get(name)?.handle,
    done(name) {
      const step = steps.get(name)
      if (!step) throw new Error(`step ${name} was not intended`)
      step.done = true
    },
  }
}

/** A hundred times faster waits, like the lab's. */
export const fastClock: Clock = createClock(MAX_CLOCK_RATE)

export function handlerContext(given: Partial<HandlerContext> = {}): HandlerContext {
  return {
    operationId: '0000000000000000000a-1',
    attempt: 1,
    steps: memorySteps(),
    clock: fastClock,
    signal: new AbortController().signal,
    log: pino({ enabled: false }),
    progress: () => undefined,
    ...given,
  }
}
