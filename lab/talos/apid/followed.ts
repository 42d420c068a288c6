import { Code, ConnectError } from '@connectrpc/connect'

/**
 * What a source tells from now on, kept until it is read. Ends with the caller or with the source; a reader too far
 * behind is refused more. Subscribes at once, so that nothing told between now and the first read is lost.
 */
export function followed<T>(
  maxQueued: number,
  signal: AbortSignal,
  subscribe: (push: (item: T) => void, end: () => void) => () => void,
): AsyncGenerator<T> {
  const queued: T[] = []
  let ended = signal.aborted
  let overflown = false
  let wake: () => void = () => undefined
  let stop: () => void = () => undefined
  const end = () => {
    ended = true
    stop()
    wake()
  }
  stop = subscribe((item) => {
    if (queued.length >= maxQueued) {
      overflown = true
      end()
    } else queued.push(item)
    wake()
  }, end)
  signal.addEventListener('abort', end, { once: true })

  return (async function* read() {
    try {
      for (;;) {
        for (let item = queued.shift(); item !== undefined; item = queued.shift()) yield item
        if (overflown) throw new ConnectError('the watcher is too slow', Code.ResourceExhausted)
        if (ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      signal.removeEventListener('abort', end)
      stop()
    }
  })()
}
