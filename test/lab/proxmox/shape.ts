/**
 * The shape of JSON: keys and types, not values. The elements of a list are merged into one shape, because which of two
 * similar rows carries an optional key is chance.
 */
export function shapeOf(value: unknown): string {
  return JSON.stringify(shape(value))
}

type Shape = string | { [key: string]: Shape } | [Shape] | []

function shape(value: unknown): Shape {
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    const [first, ...rest] = value.map(shape)
    if (first === undefined) return []
    return [rest.reduce<Shape>(merge, first)]
  }
  if (typeof value === 'object') {
    const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted.map(([key, member]) => [key, shape(member)]))
  }
  return typeof value
}

function merge(a: Shape, b: Shape): Shape {
  if (typeof a === 'object' && typeof b === 'object' && !Array.isArray(a) && !Array.isArray(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
    return Object.fromEntries(
      keys.map((key) => [key, key in a && key in b ? merge(a[key]!, b[key]!) : (a[key] ?? b[key]!)]),
    )
  }
  return [...new Set([...alternatives(a), ...alternatives(b)])].sort().join('|')
}

const alternatives = (each: Shape): string[] => (typeof each === 'string' ? each.split('|') : ['object'])
