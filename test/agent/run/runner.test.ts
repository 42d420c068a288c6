import { describe, expect, test, vi } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { realClock } from '#agent/clock.ts'
import type { AcceptedOffer, Journal } from '#agent/journal/journal.ts'
import { createLogger } from '#agent/log.ts'
import type { HandlerContext } from '#agent/operations/handler.ts'
import type { Handlers } from '#agent/run/perform.ts'
import { createRunner } from '#agent/run/runner.ts'
import { aJournal, anOffer, aStateDir } from '../journal/journal-at.ts'
import { handlersThat, held } from './handlers-that.ts'

const id = anOffer().operationId

function aRunner(journal: Journal, handlers: Partial<Handlers>) {
  const finished: string[] = []
  const runner = createRunner({
    journal,
    handlers: handlersThat(handlers),
    clock: realClock,
    log: createLogger('error', 'silent'),
    onProgress: () => undefined,
    onFinished: (operationId) => finished.push(operationId),
  })
  const begin = (offer: AcceptedOffer): void => {
    const accepted = journal.operations.accept(offer)
    if (accepted.ok) runner.begin(accepted.value)
  }
  const ended = (count = 1) => vi.waitFor(() => expect(finished.length).toBeGreaterThanOrEqual(count))
  return { runner, begin, finished, ended }
}

/** Does nothing until it is told to stop, and then says so. */
const untilAborted = ({ signal }: HandlerContext) =>
  new Promise<ReturnType<typeof err<ReturnType<typeof problem>>>>((resolve) => {
    signal.addEventListener('abort', () => resolve(err(problem('cancelled'))))
  })

describe('outcomes', () => {
  test('[O13] a result is in the journal before anybody hears of it', async () => {
    const journal = aJournal()
    const seen: unknown[] = []
    const runner = createRunner({
      journal,
      handlers: handlersThat({ 'machine.start': async () => ok({}) }),
      clock: realClock,
      log: createLogger('error', 'silent'),
      onProgress: () => undefined,
      onFinished: (operationId) => seen.push(journal.operations.find(operationId)?.result),
    })
    journal.operations.accept(anOffer())
    runner.resume()
    await vi.waitFor(() => expect(seen).toEqual([{ outcome: 'succeeded', output: {} }]))
  })

  test('[O17] a handler that throws has failed with `internal` and its text', async () => {
    const journal = aJournal()
    const { begin, ended } = aRunner(journal, {
      'machine.start': () => Promise.reject(new TypeError('x is not a function')),
    })
    begin(anOffer())
    await ended()
    expect(journal.operations.find(id)?.result).toEqual({
      outcome: 'failed',
      problem: { code: 'internal', retry: 'never', facts: { text: 'x is not a function' } },
    })
  })

  test('[O15] a cancelled operation ends with `cancelled`, and one that finished anyway with its success', async () => {
    const journal = aJournal()
    const late = held<void>()
    const { runner, begin, ended } = aRunner(journal, {
      'machine.start': async (_input, context) => untilAborted(context),
      'image.ensure': async () => {
        await late.promise
        return ok({ volumeId: 'local:import/talos.qcow2' })
      },
    })
    begin(anOffer(1))
    begin(anImage(2))
    runner.cancel(anOffer(1).operationId)
    runner.cancel(anOffer(2).operationId)
    late.settle()
    await ended(2)
    expect(journal.operations.find(anOffer(1).operationId)?.result).toEqual({ outcome: 'cancelled' })
    expect(journal.operations.find(anOffer(2).operationId)?.result).toMatchObject({ outcome: 'succeeded' })
  })

  test('[O15] an operation past its deadline fails with `deadline-passed`, also when it spent it in an earlier life', async () => {
    const journal = aJournal()
    const { begin, ended } = aRunner(journal, { 'machine.start': async (_input, context) => untilAborted(context) })
    begin(anOffer(1, { deadlineMs: 5 }))
    await ended()
    expect(journal.operations.find(id)?.result).toMatchObject({
      outcome: 'failed',
      problem: { code: 'deadline-passed', retry: 'later' },
    })
  })
})

describe('lives', () => {
  test('[O11] stopping leaves an unfinished operation running; the next start takes it up with its steps', async () => {
    const dir = aStateDir()
    const journal = aJournal(dir)
    const first = aRunner(journal, {
      'machine.start': async (_input, context) => {
        context.steps.intend('start', 'idempotent')
        context.steps.rememberHandle('start', 'UPID:1')
        return untilAborted(context)
      },
    })
    first.begin(anOffer())
    await first.runner.stop(1_000)
    expect(first.finished).toEqual([])
    journal.close()

    const again = aJournal(dir)
    const second = aRunner(again, {
      'machine.start': async (_input, { steps }) => {
        expect(steps.intend('start', 'idempotent').before).toBe('unknown')
        expect(steps.handleOf('start')).toBe('UPID:1')
        return ok({})
      },
    })
    second.runner.resume()
    await second.ended()
    expect(again.operations.find(id)?.result).toEqual({ outcome: 'succeeded', output: {} })
  })

  test('[O12] beginning an operation again, while it runs or after it ended, starts nothing', async () => {
    const journal = aJournal()
    let starts = 0
    const gate = held<void>()
    const { runner, begin, ended } = aRunner(journal, {
      'image.ensure': async () => {
        starts += 1
        await gate.promise
        return ok({ volumeId: 'v' })
      },
    })
    begin(anImage(1))
    runner.resume()
    runner.resume()
    gate.settle()
    await ended()
    runner.resume()
    expect(starts).toBe(1)
  })

  test('[O18] an outcome that cannot be written is tried again and never dropped', async () => {
    vi.useFakeTimers()
    try {
      const journal = aJournal()
      const finish = vi.spyOn(journal.operations, 'finish').mockImplementationOnce(() => {
        throw new Error('database or disk is full')
      })
      const { begin, ended } = aRunner(journal, { 'machine.start': async () => ok({}) })
      begin(anOffer())
      await vi.advanceTimersByTimeAsync(6_000)
      await ended()
      expect(finish).toHaveBeenCalledTimes(2)
      expect(journal.operations.find(id)?.result).toMatchObject({ outcome: 'succeeded' })
    } finally {
      vi.useRealTimers()
    }
  })
})

const anImage = (number: number): AcceptedOffer =>
  anOffer(number, {
    kind: 'image.ensure',
    input: { host: 'pve', imageStorage: 'local', talosVersion: 'v1.13.9', extensions: [], schematicId: `s${number}` },
  })

describe('concurrency', () => {
  test('[O16] two image downloads a storage, one operation a machine, and whoever fits goes ahead', async () => {
    const journal = aJournal()
    const running = new Set<string>()
    const gate = held<void>()
    const hold = async (operationId: string): Promise<void> => {
      running.add(operationId)
      await gate.promise
    }
    const { begin, ended } = aRunner(journal, {
      'image.ensure': async (_input, { operationId }) => {
        await hold(operationId)
        return ok({ volumeId: 'v' })
      },
      'machine.start': async (_input, { operationId }) => {
        await hold(operationId)
        return ok({})
      },
    })
    for (const offer of [anImage(1), anImage(2), anImage(3), anOffer(4), anOffer(5)]) begin(offer)
    await vi.waitFor(() => expect(running.size).toBe(3))
    expect([...running].map((operationId) => operationId.split('-')[1])).toEqual(['1', '2', '4'])
    gate.settle()
    await ended(5)
    expect(running.size).toBe(5)
  })

  test('[O15] an operation that waits for its turn is cancelled at once', async () => {
    const journal = aJournal()
    const { runner, begin, ended, finished } = aRunner(journal, {
      'machine.start': async (_input, context) => untilAborted(context),
    })
    begin(anOffer(1))
    begin(anOffer(2))
    runner.cancel(anOffer(2).operationId)
    await ended()
    expect(finished).toEqual([anOffer(2).operationId])
    await runner.stop(1_000)
  })
})
