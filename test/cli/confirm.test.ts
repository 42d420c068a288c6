import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { confirmByName } from '#cli/confirm.ts'

const ask = (input: PassThrough, signal = new AbortController().signal) =>
  confirmByName('Type its name: ', 'home', { input, output: new PassThrough().resume() }, signal)

test.each([
  ['home\n', true],
  ['  home \n', true],
  ['hom\n', false],
  ['y\n', false],
  ['\n', false],
])('only the exact name confirms: %j', async (typed, sure) => {
  const input = new PassThrough()
  const answer = ask(input)
  input.write(typed)
  expect(await answer).toBe(sure)
})

test('the end of the input and Ctrl-C are a no', async () => {
  const input = new PassThrough()
  const ended = ask(input)
  input.end()
  expect(await ended).toBe(false)

  const stop = new AbortController()
  const stopped = ask(new PassThrough(), stop.signal)
  stop.abort()
  expect(await stopped).toBe(false)
})
