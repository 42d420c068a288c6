import { expect, test } from 'vitest'
import { fromBase64, toBase64 } from '#core/talos/base64.ts'

test('base64 agrees with the platform for every length and byte', () => {
  for (let length = 0; length <= 256; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 7 + length) % 256)
    const text = Buffer.from(bytes).toString('base64')
    expect(toBase64(bytes)).toBe(text)
    expect(fromBase64(text)).toEqual(bytes)
  }
})

test.each(['a', 'abc', 'a===', 'ab=c', 'YW Jj', 'YWJj\n', 'YR==', '_-8='])('base64 refuses %j', (text) => {
  expect(fromBase64(text)).toBeUndefined()
})
