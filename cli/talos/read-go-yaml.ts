import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type YAMLMap } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import type { YamlMembers, YamlValue } from '#core/talos/go-yaml.ts'
import { readGoScalar, toYamlValue, type GoScalar } from './go-scalar.ts'

/**
 * Reads a tree of YAML into plain values as Go's library does into a structure: fields are known by name, a field without
 * a value is not there, and items without a value are left out of their list.
 */
export interface Misfit {
  readonly where: string
  readonly reason: string
}

/** undefined stands for what is not there. */
export type Reader<T> = (node: Node, where: string, document: Document) => Result<T | undefined, Misfit>

const MAX_DEPTH = 100
const MAX_ITEMS = 10_000

const misfit = (where: string, reason: string): { readonly ok: false; readonly error: Misfit } => err({ where, reason })

/** The thing itself; undefined for nothing and for null. */
function follow(node: unknown, document: Document): Node | undefined {
  const found = isAlias(node) ? node.resolve(document) : node
  if (isScalar(found) && readGoScalar(found).is === 'null') return undefined
  return isScalar(found) || isMap(found) || isSeq(found) ? found : undefined
}

const scalarReader =
  <T>(what: string, read: (scalar: GoScalar) => T | undefined): Reader<T> =>
  (node, where) => {
    const value = isScalar(node) ? read(readGoScalar(node)) : undefined
    return value === undefined ? misfit(where, `is not ${what}`) : ok(value)
  }

/** Numbers and truth values count as they are written; a date does not count. */
export const text: Reader<string> = scalarReader('a text', (scalar) => (scalar.is === 'date' ? undefined : scalar.text))

export const flag: Reader<boolean> = scalarReader('true or false', (scalar) => {
  if (scalar.is === 'bool') return scalar.value
  // The words of YAML 1.1 still count where a truth value is wanted.
  if (scalar.is === 'text' && /^(y|yes|on)$/i.test(scalar.text) && isOneCase(scalar.text)) return true
  return scalar.is === 'text' && /^(n|no|off)$/i.test(scalar.text) && isOneCase(scalar.text) ? false : undefined
})

/** `yes`, `Yes` and `YES`, but not `yEs`. */
const isOneCase = (word: string): boolean => /^([a-z]+|[A-Z][a-z]*|[A-Z]+)$/.test(word)

export const wholeNumber = (max: number): Reader<number> =>
  scalarReader(`a whole number up to ${max}`, (scalar) => {
    if (scalar.is !== 'int' && scalar.is !== 'float') return undefined
    const value = Number(scalar.value)
    return Number.isInteger(value) && value >= 0 && value <= max ? value : undefined
  })

export const listOf =
  <T>(item: Reader<T>): Reader<readonly T[]> =>
  (node, where, document) => {
    if (!isSeq(node)) return misfit(where, 'is not a list')
    if (node.items.length > MAX_ITEMS) return misfit(where, `has more than ${MAX_ITEMS} items`)
    const items: T[] = []
    for (const [index, each] of node.items.entries()) {
      const found = follow(each, document)
      if (!found) continue
      const read = item(found, `${where}[${index}]`, document)
      if (!read.ok) return read
      if (read.value !== undefined) items.push(read.value)
    }
    return ok(items)
  }

type Fields = { readonly [name: string]: Reader<unknown> }
type Read<F extends Fields> = { readonly [K in keyof F]?: F[K] extends Reader<infer T> ? T : never }

export const structOf =
  <F extends Fields>(fields: F): Reader<Read<F>> =>
  (node, where, document) => {
    const members = membersOf(node, where, document)
    if (!members.ok) return members
    const read: Record<string, unknown> = {}
    for (const [name, value] of members.value) {
      const at = where === '' ? name : `${where}.${name}`
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (!field) return misfit(at, 'is no field of a schematic')
      const found = follow(value, document)
      if (!found) continue
      const member = field(found, at, document)
      if (!member.ok) return member
      read[name] = member.value
    }
    return ok(read as Read<F>)
  }

/** A map of anything. */
export const freeMap: Reader<YamlMembers> = (node, where, document) => readFreeMap(node, where, document, 0)

function readFreeMap(node: Node, where: string, document: Document, depth: number): Result<YamlMembers, Misfit> {
  if (depth > MAX_DEPTH) return misfit(where, 'is nested too deeply')
  const members = membersOf(node, where, document)
  if (!members.ok) return members
  const read: Record<string, YamlValue> = {}
  for (const [name, value] of members.value) {
    const member = readFree(value, `${where}.${name}`, document, depth + 1)
    if (!member.ok) return member
    read[name] = member.value
  }
  return ok(read)
}

function readFree(node: unknown, where: string, document: Document, depth: number): Result<YamlValue, Misfit> {
  const found = follow(node, document)
  if (!found) return ok(null)
  if (isScalar(found)) return ok(toYamlValue(readGoScalar(found)))
  if (isMap(found)) return readFreeMap(found, where, document, depth)
  if (!isSeq(found)) return ok(null)
  if (depth > MAX_DEPTH) return misfit(where, 'is nested too deeply')
  const items: YamlValue[] = []
  for (const [index, each] of found.items.entries()) {
    const item = readFree(each, `${where}[${index}]`, document, depth + 1)
    if (!item.ok) return item
    items.push(item.value)
  }
  return ok(items)
}

/** The members of a map by their names, those that it takes from others by `<<` last. */
function membersOf(node: Node, where: string, document: Document): Result<ReadonlyMap<string, unknown>, Misfit> {
  if (!isMap(node)) return misfit(where, 'is not a map')
  const members = new Map<string, unknown>()
  const merged: unknown[] = []
  for (const { key, value } of node.items) {
    const name = isAlias(key) ? key.resolve(document) : key
    if (!isScalar(name)) return misfit(where, 'has a key that is no text')
    const { text: said } = readGoScalar(name)
    if (said === '<<' && name.type === 'PLAIN') merged.push(value)
    else if (members.has(said)) return misfit(where === '' ? said : `${where}.${said}`, 'is there twice')
    else members.set(said, value)
  }
  for (const each of merged) {
    const from = mergedMaps(each, document)
    if (!from) return misfit(where, 'takes << from what is no map')
    for (const map of from) {
      const taken = membersOf(map, where, document)
      if (!taken.ok) return taken
      for (const [name, value] of taken.value) if (!members.has(name)) members.set(name, value)
    }
  }
  return ok(members)
}

function mergedMaps(node: unknown, document: Document): readonly YAMLMap[] | undefined {
  const found = follow(node, document)
  if (isMap(found)) return [found]
  const maps = isSeq(found) ? found.items.map((item) => follow(item, document)) : []
  return maps.length > 0 && maps.every((map): map is YAMLMap => isMap(map)) ? maps : undefined
}
