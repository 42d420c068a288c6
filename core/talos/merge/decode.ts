import { isAlias, isMap, isScalar, isSeq, type Document, type Scalar } from 'yaml'
import type { TalosContract } from '../contracts/contract-for.ts'
import { goDate } from '../go-yaml-date.ts'
import type { FieldType } from './types/notation.ts'
import { fieldsOf } from './types/table.ts'
import { isValueMap, type Value, type ValueMap } from './value.ts'

/**
 * Reads the tree of a YAML document by the types of its fields, as strictly as Talos does: an unknown field and a value
 * of another type are findings. What is null or absent is left out. Never throws; what it could not read is left out,
 * so its result counts only when there are no findings.
 */
export interface Finding {
  readonly code: 'unknown-field' | 'wrong-type'
  readonly where: readonly (string | number)[]
  readonly reason: string
}

export interface Decoded<T = ValueMap> {
  readonly value: T
  readonly findings: readonly Finding[]
}

/** A tree nested deeper than this is no configuration; it would exhaust the stack. */
const MAX_DEPTH = 100
/** Beyond the first few, the findings of one document follow from each other. */
const MAX_FINDINGS = 20
/** Uses of anchors in one document: a few help, thousands are a bomb. */
const MAX_ALIASES = 100

export function decodeDocument(name: string, document: Document, minor: TalosContract): Decoded {
  const { value, findings } = decodeAs({ kind: 'struct', name }, document, minor)
  return { value: isValueMap(value) ? value : new Map(), findings }
}

/** The same without types, for a document of which only the form matters. */
export const decodeFree = (document: Document): Decoded<Value | undefined> => decodeAs(undefined, document, undefined)

function decodeAs(
  root: FieldType | undefined,
  document: Document,
  minor: TalosContract | undefined,
): Decoded<Value | undefined> {
  const findings: Finding[] = []
  /** Talos 1.14 refuses a missing item behind a pointer, and a date where text is expected. */
  const strict = minor === '1.14'
  let aliasCount = 0

  const say = (code: Finding['code'], where: Finding['where'], reason: string): undefined => {
    if (findings.length < MAX_FINDINGS) findings.push({ code, where, reason })
    return undefined
  }
  const follow = (node: unknown): unknown => {
    if (!isAlias(node)) return node
    aliasCount += 1
    return aliasCount > MAX_ALIASES ? undefined : node.resolve(document)
  }

  const pairsOf = (node: unknown, where: Finding['where']): readonly (readonly [string, unknown])[] | undefined => {
    if (!isMap(node)) return say('wrong-type', where, 'must be a map')
    const seen = new Set<string>()
    return node.items.map((pair) => {
      const key = isScalar(pair.key) ? textOf(pair.key) : String(pair.key)
      if (seen.has(key)) say('wrong-type', [...where, key], 'is here for the second time')
      seen.add(key)
      return [key, pair.value] as const
    })
  }

  const struct = (type: string, node: unknown, where: Finding['where']): ValueMap | undefined => {
    const fields = fieldsOf(type)
    const read = new Map<string, Value>()
    for (const [key, child] of pairsOf(node, where) ?? []) {
      const field = fields.get(key)
      const value = field
        ? decode(field.type, child, [...where, key])
        : say('unknown-field', [...where, key], 'is not known')
      if (value !== undefined) read.set(key, value)
    }
    return read
  }

  const map = (
    node: unknown,
    where: Finding['where'],
    read: (child: unknown, at: Finding['where']) => Value | undefined,
  ) => {
    const pairs = pairsOf(node, where)
    if (!pairs) return undefined
    // A merge key brings the members of another map; those written here win.
    const merged = pairs.flatMap(([key, child]) => (key === '<<' ? (pairsOf(follow(child), where) ?? []) : []))
    return new Map(
      [...merged, ...pairs.filter(([key]) => key !== '<<')].flatMap(([key, child]) => {
        const value = read(child, [...where, key])
        return value === undefined ? [] : [[key, value] as const]
      }),
    )
  }

  const list = (
    node: unknown,
    where: Finding['where'],
    read: (child: unknown, at: Finding['where']) => Value | undefined,
  ) => {
    if (!isSeq(node)) return say('wrong-type', where, 'must be a list')
    return node.items.map((child, index) => read(child, [...where, index])).filter((item) => item !== undefined)
  }

  const free = (alias: unknown, where: Finding['where']): Value | undefined => {
    const node = follow(alias)
    if (where.length > MAX_DEPTH) return say('wrong-type', where.slice(0, 3), 'is nested too deeply')
    if (isMap(node)) return map(node, where, free)
    if (isSeq(node)) return list(node, where, free)
    return isScalar(node) ? freeScalar(node) : null
  }

  const decode = (type: FieldType, alias: unknown, where: Finding['where']): Value | undefined => {
    const node = follow(alias)
    if (node === null || node === undefined || (isScalar(node) && node.value === null)) return undefined
    switch (type.kind) {
      case 'pointer':
        return decode(type.to, node, where)
      case 'struct':
        return struct(type.name, node, where)
      case 'list':
        return list(node, where, (child, at) => decode(type.of, child, at) ?? missing(type.of, child, at))
      case 'map':
        return map(
          node,
          where,
          (child, at) => decode(type.of, child, at) ?? missing(type.of, child, at) ?? emptyItem(type.of),
        )
      case 'args':
        return map(node, where, (child, at) => {
          const value = follow(child)
          return isSeq(value) ? list(value, at, text) : (text(value, at) ?? null)
        })
      case 'any':
        return isMap(node) ? free(node, where) : say('wrong-type', where, 'must be a map')
      case 'manifest':
        return text(node, where)?.replace(/^[\t\n\v\f\r]+/, '')
      case 'bool':
        return bool(node, where)
      case 'int':
      case 'mode':
        return int(node, where)
      case 'scalar':
        return isScalar(node) ? freeScalar(node) : say('wrong-type', where, 'must be a number or text')
      default:
        return text(node, where)
    }
  }

  /** Of a list, an item that is null and not behind a pointer is left out. */
  const missing = (of: FieldType, child: unknown, where: Finding['where']): Value | undefined => {
    if (of.kind !== 'pointer' || !isNull(child)) return undefined
    return strict ? say('wrong-type', where, 'is null, which is no value here') : null
  }

  const text = (alias: unknown, where: Finding['where']): string | undefined => {
    const node = follow(alias)
    if (!isScalar(node)) return say('wrong-type', where, 'must be text')
    if (strict && isPlain(node) && goDate(node.source ?? '') !== undefined)
      return say('wrong-type', where, 'is a date unless it is quoted')
    return node.value === null ? undefined : textOf(node)
  }
  const bool = (node: unknown, where: Finding['where']): boolean | undefined => {
    const value = isScalar(node) ? node.value : undefined
    if (typeof value === 'boolean') return value
    // The words of YAML 1.1 still count where a boolean is expected, in quotes as well.
    if (typeof value === 'string' && YES_OR_NO.test(value)) return /^(y|on)/i.test(value)
    return say('wrong-type', where, 'must be true or false')
  }
  const int = (node: unknown, where: Finding['where']): number | undefined => {
    const value = isPlain(node) ? freeScalar(node) : undefined
    return typeof value === 'number' && Number.isInteger(value)
      ? value
      : say('wrong-type', where, 'must be a whole number')
  }

  const value = root ? decode(root, document.contents, []) : free(document.contents, [])
  if (aliasCount > MAX_ALIASES) say('wrong-type', [], `uses more than ${MAX_ALIASES} aliases`)
  return { value, findings }
}

const YES_OR_NO = /^([yYnN]|yes|Yes|YES|on|On|ON|no|No|NO|off|Off|OFF)$/

const isNull = (node: unknown): boolean => node === null || (isScalar(node) && node.value === null)

/** What the null member of a map is. */
function emptyItem(type: FieldType): Value {
  switch (type.kind) {
    case 'pointer':
      return null
    case 'struct':
    case 'any':
      return new Map()
    case 'int':
      return 0
    case 'bool':
      return false
    default:
      return ''
  }
}

const isPlain = (node: unknown): node is Scalar => isScalar(node) && (node.type === 'PLAIN' || node.type === undefined)

/** Text as it was written: `1.10` in a field for text is that and not 1.1. */
export const textOf = (node: Scalar): string =>
  typeof node.value === 'string'
    ? node.value
    : isPlain(node) && node.source !== undefined
      ? node.source
      : String(node.value)

/** A scalar of a free-form map; whole numbers in any of the notations that Go reads. */
export function freeScalar(node: Scalar): Value {
  const { value, source } = node
  const written = isPlain(node) ? (source ?? '') : ''
  const octal = /^([-+]?)0o?([0-7_]+)$/.exec(written)
  if (octal) return Number.parseInt(`${octal[1]}${octal[2]?.replaceAll('_', '')}`, 8)
  // Underlines and binary numbers are text to YAML 1.2, and numbers to Go.
  const other = /^([-+]?)(0b[01_]+|[1-9][0-9]*_[0-9_]*)$/.exec(written)
  if (other) return Number(other[2]?.replaceAll('_', '')) * (other[1] === '-' ? -1 : 1)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
