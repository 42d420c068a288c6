/** What a document holds, free of YAML. Maps keep their order and take any key; nothing here is ever changed in place. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap
export type ValueMap = ReadonlyMap<string, Value>

export const isValueMap = (value: Value | undefined): value is ValueMap => value instanceof Map
export const isValueList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)

/** A copy with one member set, or without it. */
export function withMember(map: ValueMap, key: string, value: Value | undefined): ValueMap {
  const copy = new Map(map)
  if (value === undefined) copy.delete(key)
  else copy.set(key, value)
  return copy
}

/** Equal by content; the order of members does not matter, that of items does. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (isValueMap(a) && isValueMap(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && sameValue(value, b.get(key)))
  if (isValueList(a) && isValueList(b))
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  return a === b
}
