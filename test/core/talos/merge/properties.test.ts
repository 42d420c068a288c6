import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { canonicalConfig } from '#core/talos/machine-config.ts'
import { readConfig } from '#core/talos/merge/documents.ts'
import { mergeStructs } from '#core/talos/merge/merge-values.ts'
import { LEGACY } from '#core/talos/merge/types/notation.ts'
import { isValueList, isValueMap, type Value, type ValueMap } from '#core/talos/merge/value.ts'
import { seededRandom } from '#test/support/random.ts'
import { KINDS, randomDocument, toYaml } from './random-config.ts'

/** A seed stands for a kind and for documents of it: fast-check shrinks the seed, the generator gives the rest. */
const kindOf = (seed: number): string => (seed % 3 === 0 ? LEGACY : (KINDS[seed % KINDS.length] ?? LEGACY))
const documentOf = (kind: string, seed: number, patch: boolean): string =>
  toYaml([randomDocument(seededRandom(seed), kind, patch)])
const valueOf = (kind: string, seed: number): ValueMap => {
  const read = readConfig(documentOf(kind, seed, false))
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value[0]?.value ?? new Map()
}
const seed = fc.integer({ min: 1, max: 1_000_000 })
const meaning = (text: string): string => {
  const canonical = canonicalConfig(text)
  return canonical.ok ? canonical.value : 'not a configuration'
}

describe('merging', () => {
  test('an empty patch changes nothing, byte for byte', () => {
    fc.assert(
      fc.property(seed, (at) => {
        const config = documentOf(kindOf(at), at, false)
        expect(applyPatches(config, ['', '# nothing\n'])).toEqual({ ok: true, value: config })
      }),
    )
  })

  test('is settled after once: the result read and written again is the result', () => {
    fc.assert(
      fc.property(seed, seed, (at, other) => {
        const kind = kindOf(at)
        const once = applyPatches(documentOf(kind, at, false), [documentOf(kind, other, true)])
        if (!once.ok) return
        // A patch that names the main document and nothing else touches it without asking for a change.
        const again = applyPatches(once.value, kind === LEGACY ? ['machine: null\n'] : [''])
        expect(again.ok && meaning(again.value)).toBe(meaning(once.value))
      }),
    )
  })

  test('one patch after the other is the same as both at once', () => {
    fc.assert(
      fc.property(seed, seed, seed, (at, first, second) => {
        const kind = kindOf(at)
        const config = documentOf(kind, at, false)
        const patches = [documentOf(kind, first, true), documentOf(kind, second, true)]
        const together = applyPatches(config, patches)
        const one = applyPatches(config, patches.slice(0, 1))
        const other = one.ok ? applyPatches(one.value, patches.slice(1)) : one
        expect(other.ok && meaning(other.value)).toBe(together.ok && meaning(together.value))
      }),
    )
  })

  test('appends in the order of the patches, so merging is associative where nothing is empty', () => {
    const text = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', 'c') })
    const config = fc.record({ list: fc.array(text), map: fc.dictionary(text, text), name: text })
    const yaml = ({ list, map, name }: { list: string[]; map: Record<string, string>; name: string }) =>
      JSON.stringify({ machine: { certSANs: list, nodeLabels: map, network: { hostname: name } } })
    fc.assert(
      fc.property(config, config, config, (a, b, c) => {
        const left = applyPatches(yaml(a), [yaml(b), yaml(c)])
        const right = applyPatches(yaml(b), [yaml(c)])
        const other = right.ok ? applyPatches(yaml(a), [right.value]) : right
        expect(left.ok && other.ok && meaning(left.value) === meaning(other.value)).toBe(true)
      }),
    )
  })

  test('changes neither side and shares no list or map that could change later', () => {
    fc.assert(
      fc.property(seed, seed, (at, other) => {
        const kind = kindOf(at)
        const [left, right] = [freeze(valueOf(kind, at)), freeze(valueOf(kind, other))]
        const [before, patch] = [show(left), show(right)]
        mergeStructs(kind, left, right)
        expect([show(left), show(right)]).toEqual([before, patch])
      }),
    )
  })
})

/** A map cannot be frozen; one that refuses to change can stand in for it. */
function freeze<T extends Value>(value: T): T {
  if (isValueList(value)) return Object.freeze(value.map(freeze)) as T
  const map: Value = value
  if (!isValueMap(map)) return value
  const refuse = (): never => {
    throw new Error('a side of the merge was changed')
  }
  const copy = new Map([...map].map(([key, member]) => [key, freeze(member)]))
  return Object.assign(copy, { set: refuse, delete: refuse, clear: refuse }) as unknown as T
}

const show = (value: Value): string =>
  isValueMap(value)
    ? `{${[...value].map(([key, member]) => `${key}:${show(member)}`).join()}}`
    : isValueList(value)
      ? `[${value.map(show).join()}]`
      : JSON.stringify(value)
