import { Secret } from '#core/base/secret.ts'
import { followEvents } from '#cli/api/events.ts'
import { toMs } from '#cli/api/views.ts'
import type { StageApi } from '../stage/api.ts'

/**
 * Resolves with the time at which a cluster, by its own word, became ready. It follows by one socket, as `lanline apply --wait`
 * does: asking again and again would be counted, and would be late.
 */
export async function followReady(
  api: StageApi,
  cluster: string,
  limitMs: number,
  say: (text: string) => void,
): Promise<number> {
  const done = new AbortController()
  const late = setTimeout(() => done.abort(), limitMs)
  let readyAt: number | undefined
  const ended = await followEvents(
    { url: api.url, token: new Secret(api.token), name: 'bench' },
    {
      cluster,
      after: 0,
      signal: done.signal,
      onLink: (connected, why) =>
        connected ? undefined : say(`the follower was cut and comes back, which is counted: ${why}`),
      onEvent(event) {
        if (event.type !== 'phase' || event.facts['phase'] !== 'ready') return
        readyAt ??= toMs(event.at)
        done.abort()
      },
    },
  )
  clearTimeout(late)
  if (readyAt !== undefined) return readyAt
  throw new Error(ended.ok ? `${cluster} was not ready within ${limitMs / 1000} s` : JSON.stringify(ended.error))
}
