import type { Random } from './random.ts'

/** Breaks one thing in some documents: the text says what, and the value is a copy. */
export interface Mutation {
  readonly what: string
  readonly documents: readonly unknown[]
  readonly changed: number
}

type Holder = Record<string, unknown>

export function mutate(documents: readonly unknown[], random: Random): Mutation {
  const copies = structuredClone(documents) as unknown[]
  const places = copies.flatMap((document, index) => placesOf(document, []).map((place) => ({ ...place, index })))
  const { holder, key, path, index } = random.pick(places)
  const where = `document ${index} ${[...path, key].join('.')}`
  const value = holder[key]
  if (random.chance(0.3)) {
    delete holder[key]
    holder[`${key}X`] = value
    return { what: `${where} renamed`, documents: copies, changed: index }
  }
  if (random.chance(0.2)) {
    delete holder[key]
    return { what: `${where} removed`, documents: copies, changed: index }
  }
  const wrong = wrongTypeOf(value, random)
  holder[key] = wrong
  return { what: `${where} = ${JSON.stringify(wrong)}`, documents: copies, changed: index }
}

/** Numbers and truth values stand for texts in YAML as Go reads it, so a text becomes something else. */
function wrongTypeOf(value: unknown, random: Random): unknown {
  if (typeof value === 'string') return random.pick<unknown>([['list'], { a: 'mapping' }])
  if (typeof value === 'number') return random.pick<unknown>(['many', [1], { a: 1 }])
  if (typeof value === 'boolean') return random.pick<unknown>(['maybe', [true], 7])
  return random.pick<unknown>(['text', 7, Array.isArray(value) ? { a: 'mapping' } : ['list']])
}

/** Every member of every mapping; those that only the kind decides about stay as they are. */
function placesOf(
  value: unknown,
  path: readonly string[],
): readonly { readonly holder: Holder; readonly key: string; readonly path: readonly string[] }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => placesOf(item, [...path, String(index)]))
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Holder
  return Object.keys(holder)
    .filter((key) => !(path.length === 0 && (key === 'kind' || key === 'apiVersion')))
    .flatMap((key) => [{ holder, key, path }, ...placesOf(holder[key], [...path, key])])
}
