import type { CallOptions } from '@connectrpc/connect'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { ranOutOfTime, stalled, talosProblem, type CallKind } from './errors.ts'
import type { TalosLimits } from './limits.ts'

/**
 * The one way to call a node: every call has a name, a kind, a time limit and the caller's signal, and everything that
 * is thrown beneath becomes a Problem here. A call that ran out of time makes the connection suspect, so the next one
 * dials again.
 */
export interface Calls {
  readonly address: string
  readonly limits: TalosLimits
  read<T>(name: string, signal: AbortSignal | undefined, send: Send<T>, timeoutMs?: number): Promise<Result<T, Problem>>
  effect<T>(
    name: string,
    signal: AbortSignal | undefined,
    send: Send<T>,
    timeoutMs?: number,
  ): Promise<Result<T, Problem>>
  /** For a call that also meets problems which are not the node's, as those of what it reads from or writes to. */
  attempt<T>(asked: Asked, send: Send<Result<T, Problem>>): Promise<Result<T, Problem>>
  /**
   * Items as they come. The last one may be a problem; an abort, and the age of `limits.followMs`, end it without one.
   * The consumer's pace is the node's pace.
   */
  follow<T>(name: string, signal: AbortSignal, open: (options: CallOptions) => AsyncIterable<T>): Items<T>
}

export type Items<T> = AsyncGenerator<Result<T, Problem>, void, undefined>
type Send<T> = (options: CallOptions & { readonly signal: AbortSignal }) => Promise<T>

export interface Asked {
  readonly name: string
  readonly kind: CallKind
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
}

/** `renew` is told that the connection may be dead. */
export function createCalls(address: string, limits: TalosLimits, renew: () => void): Calls {
  const attempt: Calls['attempt'] = async ({ name, kind, signal, timeoutMs }, send) => {
    if (signal?.aborted) return err(problem('cancelled', { address, call: name }))
    // Whatever ends the work early, an answer half read as well, also ends the call on the node.
    const over = new AbortController()
    try {
      return await send({ timeoutMs, signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal })
    } catch (error) {
      if (ranOutOfTime(error)) renew()
      return err(talosProblem(error, { name, kind, address }, signal?.aborted ?? false))
    } finally {
      over.abort()
    }
  }
  return {
    address,
    limits,
    attempt,
    read: (name, signal, send, timeoutMs = limits.readMs) =>
      attempt({ name, kind: 'read', signal, timeoutMs }, async (options) => ok(await send(options))),
    effect: (name, signal, send, timeoutMs = limits.effectMs) =>
      attempt({ name, kind: 'effect', signal, timeoutMs }, async (options) => ok(await send(options))),
    async *follow(name, signal, open) {
      if (signal.aborted) return
      // Whoever stops reading also ends the call on the node.
      const over = new AbortController()
      const options = { signal: AbortSignal.any([signal, over.signal]), timeoutMs: limits.followMs }
      try {
        for await (const item of open(options)) yield ok(item)
      } catch (error) {
        if (signal.aborted || ranOutOfTime(error)) return
        yield err(talosProblem(error, { name, kind: 'read', address }, false))
      } finally {
        over.abort()
      }
    },
  }
}

/** The items of a stream, which fails when none came for `stalledMs`. Time the consumer takes does not count. */
export async function* movingWithin<T>(items: AsyncIterable<T>, stalledMs: number): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await within(stalledMs, iterator.next())
      if (next.done === true) return
      yield next.value
    }
  } finally {
    // Not awaited: a stalled stream ends only with its call, which whoever gave up is about to end.
    void iterator.return?.().catch(() => undefined)
  }
}

function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(stalled(limitMs)), limitMs)
    void work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
