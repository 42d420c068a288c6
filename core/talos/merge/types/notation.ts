import { invariant } from '../../../base/invariant.ts'

/**
 * How the fields of Talos documents behave when they are merged, read from tables that hold one line for each type:
 *
 *   [kind] Name[<minor] = field[+][!][?][:type] …      a line that begins with a blank goes on with the type above
 *
 * `kind` marks a document; with `<1.14` the type is how it was before that Talos. `+` is written even when it is empty,
 * `?` even when it is an empty list, `!` is replaced where its like are joined. Types:
 *
 *   s text (also when no type is given) · i number · b optional boolean · bool boolean that is false when absent
 *   d duration · mode file mode · scalar text or number · bytes base64, replaced even by an empty text
 *   manifest text without the blank lines it begins with
 *   whole always taken from the patch, also when absent there
 *   pem the same, and cannot be deleted alone · size text, but a number of bytes beats a percentage
 *   url merged part by part · any free-form map · args map whose values are replaced whole
 *   enum(x) text for which x counts as empty · Name struct · *t the same, but absent is not empty
 *   {t} map of t · [t] list of t · [t]@key list whose items are paired by key ([t]@key! replaces the pair)
 *
 * Source: struct tags and `Merge` methods of Talos pkg/machinery 1.12.6, 1.13.9 and 1.14.1; one table serves all three,
 * because only the search domains changed their behaviour between them.
 */
export type FieldType =
  | { readonly kind: LeafKind }
  | { readonly kind: 'enum'; readonly zero: string }
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'pointer'; readonly to: FieldType }
  | { readonly kind: 'map'; readonly of: FieldType }
  | { readonly kind: 'list'; readonly of: FieldType; readonly pairs?: Pairs }

/** Items pair when the first of these fields that the patch gives is equal. */
export interface Pairs {
  readonly by: readonly string[]
  readonly replace: boolean
}

export interface Field {
  readonly key: string
  readonly type: FieldType
  readonly always: boolean
  /** An empty list says something that an absent one does not. */
  readonly keepsEmpty: boolean
  readonly replace: boolean
}

export type Fields = ReadonlyMap<string, Field>

const LEAVES = {
  s: 'text',
  i: 'int',
  bool: 'bool',
  d: 'duration',
  mode: 'mode',
  scalar: 'scalar',
  bytes: 'bytes',
  whole: 'whole',
  pem: 'pem',
  manifest: 'manifest',
  size: 'size',
  url: 'url',
  any: 'any',
  args: 'args',
} as const
type LeafKind = (typeof LEAVES)[keyof typeof LEAVES]

export interface TypeTable {
  /** The fields of a struct; undefined for a name that no table has. */
  fields(name: string): Fields | undefined
  /** The kinds of documents, without the v1alpha1 one, which has none. */
  readonly kinds: ReadonlySet<string>
}

/** The document that begins with `version` and has no kind goes by this name. */
export const LEGACY = 'v1alpha1'

/** A type is read when it is first asked for: a door in the cloud that sees one patch needs a few of three hundred. */
export function readTypeTable(texts: readonly string[]): TypeTable {
  const lines = new Map<string, string>()
  const kinds = new Set<string>()
  const documents = new Set<string>()
  for (const line of texts.flatMap((text) => text.replaceAll(/\n +/g, ' ').split('\n'))) {
    if (line === '') continue
    const [head, fields] = splitOnce(line, ' =')
    const kind = head.startsWith('kind ')
    const name = kind ? head.slice('kind '.length) : head
    invariant(fields !== undefined && /^[\w.<]+$/.test(name), `a line of a type table: ${line}`)
    if (kind && name !== LEGACY) documents.add(name)
    if (documents.has(name) && !name.includes('<')) kinds.add(name)
    lines.set(name, fields)
  }
  const structs = new Map<string, Fields>()
  return {
    kinds,
    fields(name) {
      const line = lines.get(name)
      if (line === undefined) return undefined
      const known = structs.get(name)
      if (known) return known
      const words = [
        ...(documents.has(name) ? ['apiVersion', 'kind+'] : []),
        ...line.split(' ').filter((word) => word !== ''),
      ]
      const read = new Map(words.map((word) => [/^[^:+!?]+/.exec(word)?.[0] ?? '', readField(word)]))
      structs.set(name, read)
      return read
    },
  }
}

function splitOnce(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

function readField(word: string): Field {
  const match = /^([\w-]+)(\+?)(!?)(\??)(?::(.+))?$/.exec(word)
  invariant(match?.[1] !== undefined, `a field of a type table: ${word}`)
  const [, key, always, replace, keepsEmpty, type = 's'] = match
  return {
    key,
    always: always === '+',
    replace: replace === '!',
    keepsEmpty: keepsEmpty === '?',
    type: readType(type),
  }
}

function readType(text: string): FieldType {
  const leaf = Object.entries(LEAVES).find(([word]) => word === text)
  if (leaf) return { kind: leaf[1] }
  if (text === 'b') return { kind: 'pointer', to: { kind: 'bool' } }
  if (text.startsWith('*')) return { kind: 'pointer', to: readType(text.slice(1)) }
  const zero = /^enum\((.+)\)$/.exec(text)?.[1]
  if (zero !== undefined) return { kind: 'enum', zero }
  const map = /^\{(.+)\}$/.exec(text)?.[1]
  if (map !== undefined) return { kind: 'map', of: readType(map) }
  const list = /^\[(.+)\](?:@([\w|]+)(!?))?$/.exec(text)
  if (list?.[1] === undefined) return { kind: 'struct', name: text }
  const of = readType(list[1])
  return list[2] === undefined
    ? { kind: 'list', of }
    : { kind: 'list', of, pairs: { by: list[2].split('|'), replace: list[3] === '!' } }
}
