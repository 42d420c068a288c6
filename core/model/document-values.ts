import { canonicalJson, type Json } from '../base/canonical-json.ts'
import { mebibytes } from './quantity.ts'

/** Two values of a document beside each other, whatever they are: where they differ, and whether disks only grew. Pure. */

/** The same disks in the same order, none of them smaller. */
export function onlyGrow(old: unknown, fresh: unknown): boolean {
  if (!Array.isArray(old) || !Array.isArray(fresh) || old.length !== fresh.length) return false
  const sizeOf = (disk: unknown): number => mebibytes(String(valueAt(disk, ['size'])))
  const rest = (disk: unknown): unknown => ({ ...(disk as object), size: undefined })
  return old.every(
    (disk: unknown, index) => same(rest(disk), rest(fresh[index])) && sizeOf(fresh[index]) >= sizeOf(disk),
  )
}

/** The way down to the first value that differs, as far as both sides are objects. */
export function difference(old: unknown, fresh: unknown): readonly string[] {
  if (!isObject(old) || !isObject(fresh)) return []
  const key = [...new Set([...Object.keys(fresh), ...Object.keys(old)])].find(
    (candidate) => !same(valueAt(old, [candidate]), valueAt(fresh, [candidate])),
  )
  return key === undefined ? [] : [key, ...difference(valueAt(old, [key]), valueAt(fresh, [key]))]
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const same = (a: unknown, b: unknown): boolean => textOf(a) === textOf(b)
const textOf = (value: unknown): string => (value === undefined ? '' : canonicalJson(value as Json))

export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  )
}
