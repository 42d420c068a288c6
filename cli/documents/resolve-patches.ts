import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import type { Json } from '#core/base/canonical-json.ts'
import { parseYaml } from '../yaml/parse.ts'
import {
  placeOf,
  sayPath,
  type Issue,
  type Origin,
  type Path,
  type Place,
  type SourceDocument,
} from '../yaml/source.ts'
import { patchJson } from './patch-json.ts'
import type { ReadPatchFile } from './patch-file.ts'

/**
 * The patches of a Cluster document as they are stored: a list of JSON documents. People write each of them as a mapping,
 * as YAML text (`|`) or as `file: path`; a text and a file may hold several documents. What is wrong is shown where it was
 * written, in the file of its own, too.
 */
export function resolvePatches(
  source: SourceDocument,
  readPatchFile: ReadPatchFile,
): { readonly source: SourceDocument; readonly issues: readonly Issue[] } {
  const issues: Issue[] = []
  const origins: Origin[] = []
  let value = source.value
  for (const path of source.value['kind'] === 'Cluster' ? patchPaths(source) : []) {
    const list = nodeAt(source, path)
    if (!isSeq(list)) continue
    const patches: Json[] = []
    for (const [index, item] of list.items.entries()) {
      const from = [...path, index]
      for (const written of readEntry(source, item, from, readPatchFile, issues)) {
        origins.push({ path: [...path, patches.length], document: written.document, from: written.from })
        patches.push(written.patch)
      }
    }
    value = withValue(value, path, patches) as typeof value
  }
  return { source: { ...source, value, origins }, issues }
}

interface Written {
  readonly patch: Json
  readonly document: SourceDocument
  readonly from: Path
}

const NOT_A_MAP =
  'a patch is a map: machine and cluster, or a document with apiVersion and kind; Talos refuses JSON Patches for its configurations of several documents'

/** Where a document may hold patches. */
function patchPaths(source: SourceDocument): readonly Path[] {
  return [
    ['spec', 'talos', 'patches'],
    ['spec', 'controlPlane', 'patches'],
    ...keysOf(nodeAt(source, ['spec', 'workers'])).map((set) => ['spec', 'workers', set, 'patches']),
    ...keysOf(nodeAt(source, ['spec', 'machinePatches'])).map((name) => ['spec', 'machinePatches', name]),
  ]
}

const keysOf = (node: unknown): readonly string[] =>
  isMap(node) ? node.items.flatMap(({ key }) => (isScalar(key) ? [String(key.value)] : [])) : []

function readEntry(
  source: SourceDocument,
  entry: unknown,
  from: Path,
  readPatchFile: ReadPatchFile,
  issues: Issue[],
): readonly Written[] {
  const node = isAlias(entry) ? entry.resolve(source.tree) : entry
  const fail = (message: string, at: Path): [] => {
    issues.push({ file: source.file, place: placeOf(source, at, 'value'), path: sayPath(at), message })
    return []
  }
  const name = isMap(node) && node.items.length === 1 ? node.get('file') : undefined
  if (typeof name === 'string') {
    const file = readPatchFile(name, source.file)
    if (!file.ok) return fail(file.error, [...from, 'file'])
    const parsed = parseYaml(file.value, NOT_A_MAP)
    issues.push(...parsed.issues)
    if (parsed.documents.length === 0 && parsed.issues.length === 0) return fail(`${name} is empty`, [...from, 'file'])
    return parsed.documents.map(fromDocument)
  }
  if (isScalar(node) && typeof node.value === 'string') {
    const toOuter = outerPlaceOf(source, node, placeOf(source, from, 'value'))
    const parsed = parseYaml({ name: source.file.name, text: node.value }, NOT_A_MAP)
    issues.push(...parsed.issues.map((issue) => ({ ...issue, file: source.file, place: toOuter(issue.place) })))
    if (parsed.documents.length === 0 && parsed.issues.length === 0) return fail('is empty', from)
    return parsed.documents.map((document) => fromDocument({ ...document, inside: { file: source.file, toOuter } }))
  }
  return [{ patch: patchJson(node, source.tree), document: source, from }]
}

const fromDocument = (document: SourceDocument): Written => ({
  patch: patchJson(document.tree.contents, document.tree),
  document,
  from: [],
})

/** Only a literal block keeps its lines; of every other text the place is its beginning. */
function outerPlaceOf(source: SourceDocument, node: Scalar, whole: Place): (place: Place) => Place {
  if (node.type !== 'BLOCK_LITERAL' || !node.range) return () => whole
  const { text } = source.file
  const head = source.lines.linePos(node.range[0]).line
  const inner = String(node.value).split('\n')
  const first = inner.findIndex((line) => line.trim() !== '')
  const outer = text.split('\n')[head + first]?.replace(/\r$/, '') ?? ''
  const indent = Math.max(0, outer.length - (inner[first]?.length ?? 0))
  return ({ line, column, width }) => ({ line: head + line, column: column + indent, width })
}

function nodeAt(source: SourceDocument, path: Path): Node | undefined {
  let node: unknown = source.tree.contents
  for (const member of path) {
    const holder = isAlias(node) ? node.resolve(source.tree) : node
    if (!isMap(holder)) return undefined
    node = holder.items.find(({ key }) => isScalar(key) && String(key.value) === member)?.value
  }
  const found = isAlias(node) ? node.resolve(source.tree) : node
  return isMap(found) || isSeq(found) ? found : undefined
}

/** A copy with one member replaced; every holder on the way is there, because the tree has it. */
function withValue(holder: unknown, [head, ...rest]: Path, value: unknown): unknown {
  if (head === undefined) return value
  if (typeof holder !== 'object' || holder === null) return holder
  return { ...holder, [head]: withValue(Reflect.get(holder, head), rest, value) }
}
