import { Scalar, isMap, isScalar, isSeq, type Document, type YAMLMap } from 'yaml'
import type { Field, FieldType } from './types/notation.ts'
import { fieldsOf } from './types/table.ts'
import { goYamlScalar } from '../go-yaml-scalar.ts'
import { isValueList, isValueMap, type Value, type ValueMap } from './value.ts'

/**
 * A document as Talos would write it: fields that are always there appear even when empty, empty optional ones do not.
 */
export function encodeStruct(name: string, value: ValueMap): ValueMap {
  const written = new Map<string, Value>()
  for (const field of fieldsOf(name).values()) {
    const { key, type, always } = field
    const member = value.get(key)
    if (always) written.set(key, encode(type, member) ?? emptyOf(type))
    else if (!isEmptyField(field, member)) {
      const encoded = encode(type, member)
      if (encoded !== undefined) written.set(key, encoded)
    }
  }
  return written
}

function encode(type: FieldType, value: Value | undefined): Value | undefined {
  if (value === undefined) return undefined
  switch (type.kind) {
    case 'pointer':
      return encode(type.to, value)
    case 'struct':
      return isValueMap(value) ? encodeStruct(type.name, value) : undefined
    case 'list':
      return isValueList(value) ? value.map((item) => encode(type.of, item) ?? emptyOf(type.of)) : undefined
    case 'map':
      return isValueMap(value)
        ? new Map([...value].map(([key, member]) => [key, encode(type.of, member) ?? emptyOf(type.of)]))
        : undefined
    default:
      return value
  }
}

function emptyOf(type: FieldType): Value {
  switch (type.kind) {
    case 'pointer':
      return null
    case 'struct':
      return encodeStruct(type.name, new Map())
    case 'list':
      return []
    case 'map':
    case 'any':
    case 'args':
      return new Map()
    case 'int':
    case 'mode':
      return 0
    case 'bool':
      return false
    case 'duration':
      return '0s'
    case 'enum':
      return type.zero
    default:
      return ''
  }
}

const isEmptyField = ({ type, keepsEmpty }: Field, value: Value | undefined): boolean =>
  keepsEmpty ? value === undefined : isEmpty(type, value)

function isEmpty(type: FieldType, value: Value | undefined): boolean {
  if (value === undefined) return true
  switch (type.kind) {
    case 'pointer':
      return false
    case 'struct':
      return (
        isValueMap(value) &&
        [...fieldsOf(type.name).values()].every((field) => isEmptyField(field, value.get(field.key)))
      )
    case 'enum':
      return value === type.zero
    default:
      return (
        value === '' ||
        value === 0 ||
        value === false ||
        (isValueList(value) ? value.length === 0 : isValueMap(value) && value.size === 0)
      )
  }
}

/**
 * Changes the tree of a document so that it holds `value`. What stays the same keeps its place, its spelling and its
 * comments.
 */
export function writeInto(document: Document, value: ValueMap): void {
  document.contents = (
    isMap(document.contents) ? changeMap(document, document.contents, value) : document.createNode(toPlain(value))
  ) as typeof document.contents
}

function changeMap(document: Document, node: YAMLMap, value: ValueMap): YAMLMap {
  const keyOf = (key: unknown) => (isScalar(key) ? String(key.source ?? key.value) : String(key))
  node.items = node.items.filter(
    (pair) => value.has(keyOf(pair.key)) || value.has(String(isScalar(pair.key) ? pair.key.value : pair.key)),
  )
  // A map that was written as {} would otherwise grow on one line.
  if (node.items.length === 0) node.flow = false
  const missing = new Map(value)
  for (const pair of node.items) {
    const key = isScalar(pair.key) && typeof pair.key.value === 'string' ? pair.key.value : keyOf(pair.key)
    const member = value.get(key)
    if (member === undefined) continue
    pair.value = change(document, pair.value, member)
    missing.delete(key)
  }
  // Not `add`, which looks through all the others each time.
  for (const [key, member] of missing) node.items.push(document.createPair(key, toPlain(member)))
  return node
}

function change(document: Document, node: unknown, value: Value): unknown {
  if (isMap(node) && isValueMap(value)) return changeMap(document, node, value)
  if (isSeq(node) && isValueList(value)) {
    node.items = value.map((item, index) =>
      index < node.items.length ? change(document, node.items[index], item) : document.createNode(toPlain(item)),
    )
    return node
  }
  if (isScalar(node) && !isValueMap(value) && !isValueList(value)) {
    if (node.value === value && !(node.type === 'PLAIN' && readsAsOther(value))) return node
    // A new scalar, or the old spelling of the text (its quotes, its block) would hold the new one.
    const scalar = toScalar(value)
    if (node.comment) scalar.comment = node.comment
    return scalar
  }
  return document.createNode(toPlain(value))
}

function toPlain(value: Value): unknown {
  if (isValueList(value)) return value.map(toPlain)
  if (isValueMap(value)) return new Map([...value].map(([key, member]) => [key, toPlain(member)]))
  return toScalar(value)
}

function toScalar(value: string | number | boolean | null): Scalar {
  const scalar = new Scalar(value)
  if (readsAsOther(value)) scalar.type = 'QUOTE_DOUBLE'
  return scalar
}

/** Text that Talos' YAML would take for a date, a number or a truth, where this one sees text. */
const readsAsOther = (value: Value): boolean =>
  typeof value === 'string' && !value.includes('\n') && goYamlScalar(value, 0) !== value
