import { isMap, isScalar, isSeq, type Document, type Pair, type YAMLMap } from 'yaml'
import { err, ok, type Result } from '../../base/result.ts'
import { LEGACY, type FieldType } from './types/notation.ts'
import { fieldsOf } from './types/table.ts'
import { isValueList, isValueMap, withMember, type Value, type ValueMap } from './value.ts'

/**
 * `$patch: delete`: what it names is taken out of the patch before the rest is read, and deleted from the document before
 * the rest is merged. Its forms: the whole document, a field or the key of a map, an item of a list of structs, which is
 * found by the first other field given.
 *
 * Source: Talos `configloader/internal/decoder`; facts talos.md §3.5.
 */
export interface Deletion {
  /** Empty for the whole document; a number is an item of a list and always the last. */
  readonly path: readonly (string | number)[]
  /** What an item is found by. */
  readonly item?: { readonly key: string; readonly text: string } | undefined
}

export interface Refusal {
  readonly path: readonly (string | number)[]
  readonly reason: string
}

/**
 * Takes the deletions out of the tree of one document of a patch. `rest` is false when nothing but deletions and the
 * name of the document was in it.
 */
export function takeDeletions(
  document: Document,
): Result<{ readonly deletions: readonly Deletion[]; readonly rest: boolean }, Refusal> {
  const deletions: Deletion[] = []
  let refusal: Refusal | undefined

  /** Whether the node is to be taken out of what holds it. */
  const walk = (node: unknown, path: Deletion['path'], inList: boolean): boolean => {
    if (refusal) return false
    if (isMap(node)) {
      for (const pair of node.items.slice()) {
        if (isDelete(pair)) {
          const found = deletionOf(node, path, inList)
          if (found.ok) deletions.push(found.value)
          else refusal = found.error
          return true
        }
        if (!walk(pair.value, [...path, keyOf(pair)], false)) continue
        node.items.splice(node.items.indexOf(pair), 1)
        if (node.items.length === 0) return true
      }
      return false
    }
    if (!isSeq(node)) return false
    let at = 0
    for (const item of node.items.slice()) {
      if (!walk(item, [...path, at], true)) {
        at += 1
        continue
      }
      node.items.splice(at, 1)
      if (node.items.length === 0) return true
    }
    return false
  }

  const gone = walk(document.contents, [], false)
  if (refusal) return err(refusal)
  return ok({ deletions, rest: !gone && !isOnlyName(document.contents) })
}

const isDelete = (pair: Pair): boolean =>
  keyOf(pair) === '$patch' && isScalar(pair.value) && pair.value.value === 'delete'

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key))

function deletionOf(node: YAMLMap, path: Deletion['path'], inList: boolean): Result<Deletion, Refusal> {
  if (!inList) {
    if (path.some((part) => typeof part === 'number'))
      return err({ path, reason: 'is inside an item of a list, where nothing can be deleted; delete the item' })
    return ok({ path })
  }
  if (path.filter((part) => typeof part === 'number').length > 1)
    return err({ path, reason: 'is an item of a list inside an item of a list, which cannot be deleted' })
  const pair = node.items.find((each) => !isDelete(each))
  if (!pair) return err({ path, reason: 'needs a field beside $patch by which the item is found' })
  return ok({
    path,
    item: { key: keyOf(pair), text: isScalar(pair.value) ? String(pair.value.source ?? pair.value.value) : '' },
  })
}

/** A document of which nothing is left but what says which one it is. */
function isOnlyName(contents: unknown): boolean {
  if (!isMap(contents)) return false
  return contents.items.every((pair) => isScalar(pair.value) && ['version', 'kind', 'name'].includes(keyOf(pair)))
}

export type Deleted =
  | { readonly kind: 'changed'; readonly value: ValueMap }
  | { readonly kind: 'document' }
  | { readonly kind: 'lookup-failed' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Carries out one deletion on a document of this type. */
export function applyDeletion(type: string, value: ValueMap, { path, item }: Deletion): Deleted {
  if (path.length === 0)
    return type === LEGACY
      ? { kind: 'refused', reason: 'is the main document, which cannot be deleted' }
      : { kind: 'document' }
  const next = deleteAt({ kind: 'struct', name: type }, value, path, item)
  return isValueMap(next) ? { kind: 'changed', value: next } : { kind: 'lookup-failed' }
}

/** The value without what the path names; undefined when there is no such thing. */
function deleteAt(
  type: FieldType,
  value: Value | undefined,
  path: Deletion['path'],
  item: Deletion['item'],
): Value | undefined {
  const [head, ...rest] = path
  switch (type.kind) {
    case 'pointer':
      return value === undefined ? undefined : deleteAt(type.to, value, path, item)
    case 'struct': {
      const field = typeof head === 'string' ? fieldsOf(type.name).get(head) : undefined
      if (!field || field.type.kind === 'pem') return undefined
      const struct: ValueMap = isValueMap(value) ? value : new Map()
      // A field that is known and empty counts as found; a key of a map does not.
      if (rest.length === 0) return withMember(struct, field.key, undefined)
      const next = deleteAt(field.type, struct.get(field.key), rest, item)
      return next === undefined ? undefined : withMember(struct, field.key, next)
    }
    case 'map':
      return deleteKey(value, head, rest, (member) => deleteAt(type.of, member, rest, item))
    case 'args':
      return deleteKey(value, head, rest, () => undefined)
    case 'any':
      return deleteKey(value, head, rest, (member) => deleteAt({ kind: 'any' }, member, rest, item))
    case 'list':
      return isValueList(value) && typeof head === 'number' ? withoutItem(type.of, value, item) : undefined
    default:
      return undefined
  }
}

function deleteKey(
  value: Value | undefined,
  key: string | number | undefined,
  rest: Deletion['path'],
  deeper: (member: Value) => Value | undefined,
): Value | undefined {
  if (!isValueMap(value) || typeof key !== 'string') return undefined
  const member = value.get(key)
  if (member === undefined) return undefined
  if (rest.length === 0) return withMember(value, key, undefined)
  const next = deeper(member)
  return next === undefined ? undefined : withMember(value, key, next)
}

/** The list without the first item whose field reads as given. Only fields that hold text can be compared. */
function withoutItem(of: FieldType, items: readonly Value[], item: Deletion['item']): Value | undefined {
  const type = of.kind === 'pointer' ? of.to : of
  if (type.kind !== 'struct' || !item) return undefined
  const field = fieldsOf(type.name).get(item.key)
  if (!field || !TEXTUAL.has(field.type.kind)) return undefined
  const at = items.findIndex((each) => isValueMap(each) && (each.get(item.key) ?? emptyText(field.type)) === item.text)
  return at < 0 ? undefined : items.toSpliced(at, 1)
}

const TEXTUAL: ReadonlySet<FieldType['kind']> = new Set(['text', 'enum', 'url', 'duration'])

function emptyText(type: FieldType): string {
  if (type.kind === 'duration') return '0s'
  return type.kind === 'enum' ? type.zero : ''
}
