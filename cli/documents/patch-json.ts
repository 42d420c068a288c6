import { isAlias, isMap, isScalar, isSeq, type Document, type Scalar } from 'yaml'
import type { Json } from '#core/base/canonical-json.ts'
import { freeScalar, textOf } from '#core/talos/merge/decode.ts'
import { identify } from '#core/talos/merge/documents.ts'
import type { FieldType } from '#core/talos/merge/types/notation.ts'
import { fieldsOf } from '#core/talos/merge/types/table.ts'

/**
 * A patch as JSON, with the meaning that Talos would read in its YAML: what is written in a field for text stays as it is
 * written (`1.10` is not 1.1), and numbers and truths are those of Go's library. Nothing is checked here; an unknown field
 * is kept for the check that names it.
 */
export function patchJson(node: unknown, tree: Document): Json {
  const holder = tree.clone()
  holder.contents = node as typeof holder.contents
  const type = isMap(node) ? identify(holder)?.type : undefined
  return toJson(node, type === undefined ? undefined : { kind: 'struct', name: type }, tree, 0)
}

/** Deeper than any schema takes; an alias of what it stands in would go on for ever. */
const MAX_DEPTH = 64

function toJson(alias: unknown, type: FieldType | undefined, tree: Document, depth: number): Json {
  if (depth > MAX_DEPTH) return null
  const node = isAlias(alias) ? alias.resolve(tree) : alias
  const inner = type?.kind === 'pointer' ? type.to : type
  if (isMap(node))
    return Object.fromEntries(
      node.items.map((pair) => {
        const key = isScalar(pair.key) ? textOf(pair.key) : String(pair.key)
        return [key, toJson(pair.value, memberType(inner, key), tree, depth + 1)] as const
      }),
    )
  if (isSeq(node)) {
    const of = inner?.kind === 'list' ? inner.of : inner?.kind === 'text' ? inner : undefined
    return node.items.map((item) => toJson(item, of, tree, depth + 1))
  }
  return isScalar(node) && node.value !== null ? scalarJson(node, inner) : null
}

function memberType(type: FieldType | undefined, key: string): FieldType | undefined {
  switch (type?.kind) {
    case 'struct':
      return fieldsOf(type.name).get(key)?.type
    case 'map':
      return type.of
    // Text, or a list of it.
    case 'args':
      return { kind: 'text' }
    default:
      return undefined
  }
}

function scalarJson(node: Scalar, type: FieldType | undefined): Json {
  switch (type?.kind) {
    case 'bool': {
      const value = textOf(node)
      const plain = node.type === 'PLAIN'
      // The words of YAML 1.1 still count where a boolean is expected.
      return plain && /^(y|yes|on|n|no|off|true|false)$/i.test(value) ? /^(y|yes|on|true)$/i.test(value) : value
    }
    case undefined:
    case 'int':
    case 'mode':
    case 'scalar': {
      const value = freeScalar(node)
      // JSON has no word for these numbers.
      const lost = typeof value === 'number' && !Number.isFinite(value)
      return lost || typeof value === 'object' ? textOf(node) : value
    }
    default:
      return textOf(node)
  }
}
