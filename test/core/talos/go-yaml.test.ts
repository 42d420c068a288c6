import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Json } from '#core/base/canonical-json.ts'
import { goYaml } from '#core/talos/go-yaml.ts'

test('columns are those of Go: items of lists begin two further, and what is below them goes back to the grid', () => {
  expect(
    goYaml({
      config: { resources: [{ providers: [{ secretbox: { keys: [{ name: 'key2' }] } }], resources: ['secrets'] }] },
      pem: ['a\nb\n'],
      empty: { list: [], map: {}, absent: undefined },
    }),
  ).toBe(`config:
    resources:
        - providers:
            - secretbox:
                keys:
                    - name: key2
          resources:
            - secrets
pem:
    - |
      a
      b
empty:
    list: []
    map: {}
`)
})

/** Texts as configurations have them; separators of lines beyond the line break are not among them. */
const text = fc.string({ unit: 'grapheme-ascii', maxLength: 30 })
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }).filter((list) => !list.some((item) => Array.isArray(item))),
    fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9/.-]{0,20}$/), tie('value'), { maxKeys: 4 }),
  ),
})).value

test('whatever is written is read back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,9}$/), value, { minKeys: 1, maxKeys: 5 }), (document) => {
      expect(parse(goYaml(document))).toEqual({ ...document })
    }),
    { numRuns: 300 },
  )
})
