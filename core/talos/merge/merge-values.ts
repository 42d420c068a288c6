import { err, ok, type Result } from '../../base/result.ts'
import { mergeUrls } from './merge-url.ts'
import { fieldsOf } from './types/table.ts'
import type { FieldType, Pairs } from './types/notation.ts'
import { isValueList, isValueMap, sameValue, type Value, type ValueMap } from './value.ts'

/**
 * Merges a patch (right) into a document (left) as Talos does, by the type of each field. Pure; both sides may be shared
 * afterwards, for nothing is changed in place. Absent values are undefined.
 *
 * Source: Talos `pkg/machinery/config/merge`, oddities included: what is marked `whole` goes away when the patch comes
 * near it without repeating it, since Talos takes the empty value of the patch there.
 */
export interface Mismatch {
  readonly where: readonly string[]
  readonly reason: string
}

export function mergeStructs(name: string, left: ValueMap, right: ValueMap): Result<ValueMap, Mismatch> {
  const merged = new Map(left)
  for (const { key, type, replace } of fieldsOf(name).values()) {
    const value = mergeValues(type, left.get(key), right.get(key), { replace, overwrite: false })
    if (!value.ok) return within(key, value.error)
    if (value.value === undefined) merged.delete(key)
    else merged.set(key, value.value)
  }
  return ok(merged)
}

interface How {
  readonly replace: boolean
  /** An empty scalar counts, too: it stands behind a pointer. */
  readonly overwrite: boolean
}

type Merged = Result<Value | undefined, Mismatch>

function mergeValues(type: FieldType, left: Value | undefined, right: Value | undefined, how: How): Merged {
  switch (type.kind) {
    case 'pointer':
      // A map may hold a key for which there is nothing.
      if (right === undefined || right === null || left === undefined || left === null) return ok(right ?? left)
      return mergeValues(type.to, left, right, { ...how, overwrite: true })
    case 'text':
    case 'manifest':
    case 'duration':
    case 'scalar':
      return ok(right === undefined || (isEmptyText(type, right) && !how.overwrite) ? left : right)
    case 'enum':
      return ok(right === undefined || (right === type.zero && !how.overwrite) ? left : right)
    case 'int':
    case 'mode':
      return ok(right === undefined || (right === 0 && !how.overwrite) ? left : right)
    case 'bool':
      return ok(right ?? false)
    case 'whole':
    case 'pem':
      return ok(right)
    case 'bytes':
      return ok(right ?? left)
    case 'size':
      return ok(mergeSizes(left, right))
    case 'url':
      return ok(typeof left === 'string' && typeof right === 'string' ? mergeUrls(left, right) : (right ?? left))
    case 'args':
      return ok(isValueMap(left) && isValueMap(right) ? new Map([...left, ...right]) : (right ?? left))
    case 'struct':
      return mergeStructField(type.name, left, right, how)
    case 'any':
      // A free-form map that is replaced is so only by one that holds something.
      if (how.replace) return ok(isValueMap(right) && right.size > 0 ? right : left)
      return mergeFree(left, right)
    case 'map':
      return how.replace ? ok(right ?? left) : mergeMaps(type.of, left, right)
    case 'list':
      if (how.replace) return ok(right ?? left)
      return mergeLists(type.of, type.pairs, left, right)
  }
}

const isEmptyText = (type: FieldType, value: Value): boolean =>
  value === '' ||
  value === 0 ||
  (type.kind === 'duration' && typeof value === 'string' && /^[+-]?0[a-zµ]*$/.test(value))

/** Talos holds both forms side by side and writes the number of bytes when there is one. */
function mergeSizes(left: Value | undefined, right: Value | undefined): Value | undefined {
  if (right === undefined || right === '') return left
  const percentage = (size: Value) => typeof size === 'string' && size.includes('%')
  return left !== undefined && percentage(right) && !percentage(left) ? left : right
}

function mergeStructField(name: string, left: Value | undefined, right: Value | undefined, how: How): Merged {
  if (how.replace) return ok(right ?? left)
  const [old, now] = [isValueMap(left) ? left : new Map<string, Value>(), isValueMap(right) ? right : new Map()]
  const merged = mergeStructs(name, old, now)
  if (!merged.ok) return merged
  return ok(merged.value.size === 0 && left === undefined && right === undefined ? undefined : merged.value)
}

function mergeMaps(of: FieldType, left: Value | undefined, right: Value | undefined): Merged {
  if (!isValueMap(left) || !isValueMap(right)) return ok(right ?? left)
  const merged = new Map(left)
  for (const [key, value] of right) {
    const old = left.get(key)
    const next =
      old === undefined || old === null ? ok(value) : mergeValues(of, old, value, { replace: false, overwrite: false })
    if (!next.ok) return within(key, next.error)
    if (next.value !== undefined) merged.set(key, next.value)
  }
  return ok(merged)
}

function mergeLists(
  of: FieldType,
  pairs: Pairs | undefined,
  left: Value | undefined,
  right: Value | undefined,
): Merged {
  if (!isValueList(right)) return ok(left)
  const old = isValueList(left) ? left : []
  if (!pairs) return ok([...old, ...right])
  const struct = of.kind === 'pointer' ? of.to : of
  const merged = [...old]
  for (const item of right) {
    const key = isValueMap(item) ? (pairs.by.find((field) => !isBlank(item.get(field))) ?? pairs.by[0]) : undefined
    const matches = (each: Value): boolean =>
      key !== undefined && isValueMap(item) && isValueMap(each) && sameKey(each.get(key), item.get(key), pairs)
    // What is replaced is looked for in the old list only, and there from the end, as upstream does.
    const at = pairs.replace ? old.findLastIndex(matches) : merged.findIndex(matches)
    const pair = merged[at]
    if (pair === undefined || pairs.replace) {
      if (at < 0) merged.push(item)
      else merged[at] = item
      continue
    }
    const next = mergeValues(struct, pair, item, { replace: false, overwrite: false })
    if (!next.ok) return within(`[${at}]`, next.error)
    if (next.value !== undefined) merged[at] = next.value
  }
  return ok(merged)
}

const isBlank = (value: Value | undefined): boolean => value === undefined || value === '' || value === 0

/** Two blank keys pair where there is one key only; an interface without name and selector is always a new one. */
const sameKey = (a: Value | undefined, b: Value | undefined, pairs: Pairs): boolean =>
  isBlank(a) && isBlank(b) ? pairs.by.length === 1 : isValueMap(a) && isValueMap(b) ? sameParts(a, b) : sameValue(a, b)

/**
 * A selector of several fields. Talos compares the addresses of what it holds by pointer, so one that says `physical`
 * is like no other.
 */
function sameParts(a: ValueMap, b: ValueMap): boolean {
  const keys = new Set([...a.keys(), ...b.keys()])
  return [...keys].every((key) => {
    const [one, other] = [a.get(key) ?? '', b.get(key) ?? '']
    return typeof one !== 'boolean' && typeof other !== 'boolean' && sameValue(one, other)
  })
}

/** A map whose fields Talos does not know: maps join, lists append, and a value may not change its type. */
function mergeFree(left: Value | undefined, right: Value | undefined): Merged {
  if (!isValueMap(left) || !isValueMap(right)) return ok(right ?? left)
  const merged = new Map(left)
  for (const [key, value] of right) {
    const old = left.get(key)
    const next = old === undefined || old === null ? ok(value) : mergeFreeValue(old, value)
    if (!next.ok) return within(key, next.error)
    if (next.value !== undefined) merged.set(key, next.value)
  }
  return ok(merged)
}

function mergeFreeValue(old: Value, now: Value): Merged {
  const [oldType, nowType] = [typeName(old), typeName(now)]
  if (oldType !== nowType) return err({ where: [], reason: `is ${oldType} and cannot be merged with ${nowType}` })
  if (isValueMap(old)) return mergeFree(old, now)
  if (isValueList(old) && isValueList(now)) return ok([...old, ...now])
  return ok(now === '' || now === 0 ? old : now)
}

function typeName(value: Value): string {
  if (value === null) return 'null'
  if (isValueMap(value)) return 'a map'
  if (isValueList(value)) return 'a list'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number with a fraction'
  return typeof value === 'string' ? 'text' : 'true or false'
}

const within = (key: string, mismatch: Mismatch): { readonly ok: false; readonly error: Mismatch } =>
  err({ ...mismatch, where: [key, ...mismatch.where] })
