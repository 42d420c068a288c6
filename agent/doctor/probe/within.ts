import type { Clock } from '#core/base/clock.ts'
import { err, ok, type Result } from '#core/base/result.ts'

/** What `act` comes to, or why not, after `limitMs` at the latest. The signal tells `act` that nobody waits any more. */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<Result<T, string>> {
  const given = new AbortController()
  const settled = new AbortController()
  const late = clock.sleep(limitMs, settled.signal).then((): Result<T, string> => {
    // The sleep also ends when `act` was in time: what it gave must then not be taken away again.
    if (!settled.signal.aborted) given.abort()
    return err(`no answer in ${limitMs / 1000} s`)
  })
  const done = act(given.signal).then(
    (value): Result<T, string> => ok(value),
    (thrown: unknown): Result<T, string> => err(thrown instanceof Error ? thrown.message : String(thrown)),
  )
  try {
    return await Promise.race([done, late])
  } finally {
    settled.abort()
  }
}
