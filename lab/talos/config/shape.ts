/**
 * A tiny language for what a document may hold. It finds keys nobody knows and values of the wrong kind; it knows
 * nothing of what they mean. Null is accepted everywhere, as Talos does: it leaves a field unset.
 */
export type Shape =
  | { readonly kind: 'string' | 'boolean' | 'integer' | 'anything' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'list'; readonly item: Shape }
  | { readonly kind: 'map'; readonly value: Shape }
  | { readonly kind: 'fields'; readonly fields: Readonly<Record<string, Shape>> }

export const text: Shape = { kind: 'string' }
export const flag: Shape = { kind: 'boolean' }
export const integer: Shape = { kind: 'integer' }
export const anything: Shape = { kind: 'anything' }
export const choice = (...of: string[]): Shape => ({ kind: 'choice', of })
export const list = (item: Shape): Shape => ({ kind: 'list', item })
export const map = (value: Shape): Shape => ({ kind: 'map', value })
export const fields = (known: Readonly<Record<string, Shape>>): Shape => ({ kind: 'fields', fields: known })

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A scalar as text, as Go's decoder reads it; nothing for what is not a scalar. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''

const tagOf = (value: unknown): string => {
  if (Array.isArray(value)) return '!!seq'
  if (typeof value === 'object') return '!!map'
  if (typeof value === 'number' || typeof value === 'bigint') return Number.isInteger(value) ? '!!int' : '!!float'
  return typeof value === 'boolean' ? '!!bool' : '!!str'
}

/** Everything wrong with a value, each with the path of the field it is about. */
export function checkShape(value: unknown, shape: Shape, path: string): readonly string[] {
  if (value === null || value === undefined) return []
  const mismatch = (wanted: string) => [`${path}: cannot unmarshal ${tagOf(value)} into ${wanted}`]
  switch (shape.kind) {
    case 'anything':
      return []
    case 'string':
      // YAML scalars of any kind become text, as Go's decoder lets them.
      return typeof value === 'object' ? mismatch('string') : []
    case 'boolean':
      return typeof value === 'boolean' ? [] : mismatch('bool')
    case 'integer':
      return Number.isInteger(value) ? [] : mismatch('int')
    case 'choice':
      return shape.of.includes(textOf(value))
        ? []
        : [`${path}: "${textOf(value)}" is not one of ${shape.of.join(', ')}`]
    case 'list':
      return Array.isArray(value)
        ? value.flatMap((item, index) => checkShape(item, shape.item, `${path}[${index}]`))
        : mismatch('list')
    case 'map':
      return isRecord(value)
        ? Object.entries(value).flatMap(([key, item]) => checkShape(item, shape.value, `${path}.${key}`))
        : mismatch('map')
    case 'fields':
      return isRecord(value)
        ? Object.entries(value).flatMap(([key, item]) => {
            const known = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined
            const at = path === '' ? key : `${path}.${key}`
            return known ? checkShape(item, known, at) : [`unknown keys found during decoding: ${at}`]
          })
        : mismatch('struct')
  }
}
