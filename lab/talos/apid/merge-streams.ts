/** What several streams yield, as it comes. Ends when all have ended; stops all when its reader stops. */
export async function* mergeStreams<T>(streams: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const pending = new Map<AsyncGenerator<T>, Promise<{ stream: AsyncGenerator<T>; result: IteratorResult<T> }>>()
  const pull = (stream: AsyncGenerator<T>) =>
    pending.set(
      stream,
      stream.next().then((result) => ({ stream, result })),
    )
  for (const stream of streams) pull(stream)
  try {
    while (pending.size > 0) {
      const { stream, result } = await Promise.race(pending.values())
      if (result.done) pending.delete(stream)
      else {
        pull(stream)
        yield result.value
      }
    }
  } finally {
    for (const stream of pending.keys()) void stream.return(undefined)
  }
}
