import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kindOfToken, makeToken, TOKEN_RANDOM_BYTES } from '#core/access/token-text.ts'

const bytes = fc.uint8Array({ minLength: TOKEN_RANDOM_BYTES, maxLength: TOKEN_RANDOM_BYTES })

test('[A22] a token is known by its form, for what it is', () => {
  fc.assert(
    fc.property(bytes, fc.constantFrom('token' as const, 'session' as const), (random, kind) => {
      const text = makeToken(kind, random)
      expect(text).toMatch(/^lanls?_[0-9a-hjkmnp-tv-z]{39}$/)
      expect(kindOfToken(text)).toBe(kind)
    }),
  )
})

test('[A22] one wrong character is found without asking anybody', () => {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'.split('')
  const wrong = fc
    .record({ random: bytes, at: fc.nat(43), char: fc.constantFrom(...alphabet) })
    .map(({ random, at, char }) => ({ text: makeToken('token', random), at, char }))
    .filter(({ text, at, char }) => text[at] !== char)
  fc.assert(
    fc.property(wrong, ({ text, at, char }) => {
      expect(kindOfToken(text.slice(0, at) + char + text.slice(at + 1))).toBeUndefined()
    }),
  )
})

test('any other text is no token', () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => kindOfToken(text) === undefined))
  expect(kindOfToken(`lanl_${'0'.repeat(39)}`)).toBeUndefined()
})
