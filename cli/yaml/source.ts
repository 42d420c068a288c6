import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter, type Node, type Pair } from 'yaml'

/** A file of people's YAML and where things are in it. */
export interface SourceFile {
  /** As the person wrote it on the command line; `-` is shown as `stdin`. */
  readonly name: string
  readonly text: string
}

export interface SourceDocument {
  readonly file: SourceFile
  readonly value: Readonly<Record<string, unknown>>
  readonly tree: Document.Parsed
  readonly lines: LineCounter
  /** Of YAML that is a text inside another document: the file it is in, and where a place of it is there. */
  readonly inside?: { readonly file: SourceFile; readonly toOuter: (place: Place) => Place }
  /** Parts of `value` that were written elsewhere, or under another path. */
  readonly origins?: readonly Origin[]
}

/** What stands at `path` of a document's value was written at `from` of another one, or of the same. */
export interface Origin {
  readonly path: Path
  readonly document: SourceDocument
  readonly from: Path
}

export type Path = readonly (string | number)[]

/** 1-based, as editors count. `width` is the number of characters to underline, at least 1. */
export interface Place {
  readonly line: number
  readonly column: number
  readonly width: number
}

/** Something wrong at a place of a file. */
export interface Issue {
  readonly file: SourceFile
  readonly place: Place
  /** Dotted, within the document; empty when it is about the file or the document itself. */
  readonly path: string
  readonly message: string
}

/** File and place of a path, also when it was written elsewhere. */
export function locate(
  document: SourceDocument,
  path: Path,
  target: 'key' | 'value',
): { readonly file: SourceFile; readonly place: Place } {
  const origin = document.origins?.find(({ path: start }) => startsWith(path, start))
  if (origin) {
    const { origins: _, ...written } = origin.document
    return locate(written, [...origin.from, ...path.slice(origin.path.length)], target)
  }
  const place = placeOf(document, path, target)
  const { inside, file } = document
  return inside ? { file: inside.file, place: inside.toOuter(place) } : { file, place }
}

/** Pointers do not tell a number from a name of digits. */
const startsWith = (path: Path, start: Path): boolean =>
  start.length <= path.length && start.every((member, index) => String(member) === String(path[index]))

/**
 * The place of a path. `key` points at the name of the last member, `value` at what it holds; a map or list is always
 * shown by its name. Where the path ends before its last member, the innermost parent that exists is shown: that is
 * where a missing field has to be written.
 */
export function placeOf(document: SourceDocument, path: Path, target: 'key' | 'value'): Place {
  let node: Node | null = document.tree.contents
  let name: Node | null = node
  for (const member of path) {
    const holder: Node | null | undefined = isAlias(node) ? node.resolve(document.tree) : node
    if (isMap(holder)) {
      const pair: Pair | undefined = holder.items.find((item) => keyText(item.key) === String(member))
      if (!pair) return placeOfNode(document, name)
      name = isNode(pair.key) ? pair.key : name
      node = isNode(pair.value) ? pair.value : null
    } else if (isSeq(holder)) {
      const item: unknown = holder.items[Number(member)]
      if (!isNode(item)) return placeOfNode(document, name)
      name = node = item
    } else return placeOfNode(document, name)
  }
  const shown =
    target === 'value' && (isScalar(node) || isAlias(node)) && node.range?.[0] !== node.range?.[1] ? node : name
  return placeOfNode(document, shown)
}

/** `spec.hosts[0].name`; a member that is not a plain word is quoted. */
export const sayPath = (path: Path): string =>
  path
    .map((member, index) => {
      if (typeof member === 'number') return `[${member}]`
      if (!/^[\w-]+$/.test(member)) return `[${JSON.stringify(member)}]`
      return index === 0 ? member : `.${member}`
    })
    .join('')

const keyText = (key: unknown): string | undefined => (isScalar(key) ? String(key.value) : undefined)

function placeOfNode(document: SourceDocument, node: Node | null): Place {
  const [start = 0, end = start] = node?.range ?? []
  return placeOfRange(document.file.text, document.lines, start, end)
}

export function placeOfRange(text: string, lines: LineCounter, start: number, end: number): Place {
  const { line, col } = lines.linePos(start)
  const newline = text.indexOf('\n', start)
  const lineEnd = newline === -1 ? text.length : newline
  return { line: Math.max(1, line), column: Math.max(1, col), width: Math.max(1, Math.min(end, lineEnd) - start) }
}
