import { expect, test } from 'vitest'
import { within } from '#agent/doctor/probe/within.ts'
import { fastClock } from '#test/support/step-journal.ts'

test('what ends in time is not told that it is late, however long it lives on', async () => {
  let told: AbortSignal | undefined
  const done = await within(fastClock, 1_000_000, (signal) => {
    told = signal
    return Promise.resolve('a socket')
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(done).toEqual({ ok: true, value: 'a socket' })
  expect(told?.aborted).toBe(false)
})

test('what hangs is given up and told so', async () => {
  let told: AbortSignal | undefined
  const done = await within(fastClock, 2_000, (signal) => {
    told = signal
    return new Promise(() => undefined)
  })
  expect(done).toEqual({ ok: false, error: 'no answer in 2 s' })
  expect(told?.aborted).toBe(true)
})

test('what fails is a value, and says why', async () => {
  expect(await within(fastClock, 1_000, () => Promise.reject(new Error('refused')))).toEqual({
    ok: false,
    error: 'refused',
  })
})
