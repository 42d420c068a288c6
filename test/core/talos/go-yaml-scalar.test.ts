import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { goYamlScalar } from '#core/talos/go-yaml-scalar.ts'

/** What go.yaml.in/yaml/v4 wrote for these texts in a list at column 8. */
const KNOWN: readonly (readonly [string, string])[] = [
  ['console=ttyS0', 'console=ttyS0'],
  ['talos.config=https://x/y?z=1&a=b', 'talos.config=https://x/y?z=1&a=b'],
  ['ip=192.168.1.5::192.168.1.1:255.255.255.0::eth0:off', 'ip=192.168.1.5::192.168.1.1:255.255.255.0::eth0:off'],
  ['', '""'],
  ['yes', "'yes'"],
  ['y', "'y'"],
  ['Off', "'Off'"],
  ['true', '"true"'],
  ['null', '"null"'],
  ['123', '"123"'],
  ['0o17', '"0o17"'],
  ['1_000', '"1_000"'],
  ['.5', '".5"'],
  ['.1_', '.1_'],
  ['1:30', "'1:30'"],
  ['2024-01-01', '"2024-01-01"'],
  ['<<', "'<<'"],
  ['123abc', '123abc'],
  ['a: b', "'a: b'"],
  ['a:b', 'a:b'],
  ['a:', "'a:'"],
  ['- x', "'- x'"],
  ['-x', '-x'],
  ['--- x', "'--- x'"],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  [' lead', "' lead'"],
  ["'x'", "'''x'''"],
  ["it's", "it's"],
  ['{a}', "'{a}'"],
  ['%p', "'%p'"],
  ['tab\tx', '"tab\\tx"'],
  ['é日本', 'é日本'],
  ['emoji 😀', '"emoji \\U0001F600"'],
  ['x\u0000', '"x\\0"'],
  ['a\r\nb', '"a\\r\\nb"'],
  ['a\nb', '|-\n          a\n          b'],
  ['a\n\nb\n', '|\n          a\n\n          b'],
  ['x\n\n', '|+\n          x\n'],
  ['\nx', '|-\n\n          x'],
  ['  indented\nblock\n', '|4\n            indented\n          block'],
  ['a \nb', '"a \\nb"'],
  ['a\nb ', '"a\\nb "'],
  ['\n', '"\\n"'],
  ['\u00a0', '\u00a0'],
  ['\u2028', "'\u2028'"],
  ['long '.repeat(60), `'${'long '.repeat(60)}'`],
]

test.each(KNOWN)('%j is spelt as Go spells it', (text, written) => {
  expect(goYamlScalar(text, 10)).toBe(written)
})

test.each(KNOWN.filter(([text]) => !text.startsWith('  ')))('%j is read back', (text) => {
  expect(parse(`list:\n        - ${goYamlScalar(text, 10)}\n`)).toEqual({ list: [text] })
})
