import { expect, test } from 'vitest'
import { createTurns, type Turn } from '#agent/operations/turns.ts'

const never = new AbortController().signal
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('[O16] two have a turn in one place, the third waits for the first that ends, and other places are free', async () => {
  const turns = createTurns(2)
  const first = await turns.take(['a'], never)
  await turns.take(['a'], never)
  let third: Turn | undefined
  void turns.take(['a'], never).then((turn) => (third = turn))
  expect(await turns.take(['b'], never)).toBeDefined()
  await settled()
  expect(third).toBeUndefined()
  first?.end()
  await settled()
  expect(third).toBeDefined()
})

test('[O16] one that needs two places holds neither while it waits', async () => {
  const turns = createTurns(1)
  const first = await turns.take(['a'], never)
  let both: Turn | undefined
  void turns.take(['a', 'b'], never).then((turn) => (both = turn))
  const other = await turns.take(['b'], never)
  first?.end()
  await settled()
  expect(both).toBeUndefined()
  other?.end()
  await settled()
  expect(both).toBeDefined()
})

test('[O15] who is cancelled while it waits leaves at once and takes nothing', async () => {
  const turns = createTurns(1)
  const first = await turns.take(['a'], never)
  const abort = new AbortController()
  const second = turns.take(['a'], abort.signal)
  abort.abort()
  expect(await second).toBeUndefined()
  expect(await turns.take(['a'], abort.signal)).toBeUndefined()
  first?.end()
  expect(await turns.take(['a'], never)).toBeDefined()
})
