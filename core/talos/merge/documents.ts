import { isMap, isScalar, parseAllDocuments, type Document } from 'yaml'
import { err, ok, type Result } from '../../base/result.ts'
import type { TalosContract } from '../contracts/contract-for.ts'
import { decodeDocument, type Finding } from './decode.ts'
import { encodeStruct, writeInto } from './encode.ts'
import type { PatchProblem } from './patch-problem.ts'
import { LEGACY } from './types/notation.ts'
import { typeOfKind, typeTable } from './types/table.ts'
import type { ValueMap } from './value.ts'

/** Rendered configurations are under 32 KiB; manifests that people put into a patch make them long. */
export const MAX_TEXT_CHARS = 4 * 1024 * 1024
/** Talos 1.14 knows some 90 kinds; a machine with many NICs, disks and manifests has a few hundred documents. */
const MAX_DOCUMENTS = 1000

/** The tree of one YAML document and the text it was read from. */
export interface Source {
  readonly tree: Document.Parsed
  readonly text: string
}

/** One document of a configuration. */
export interface ConfigDocument {
  readonly source: Source
  /** (apiVersion, kind, name): documents with the same one are the same document. */
  readonly id: string
  /** The name of its type; undefined for a document that Talos 1.12 to 1.14 does not know. */
  readonly type: string | undefined
  readonly value: ValueMap
  readonly changed: boolean
}

/** Cuts a text into its YAML documents; those that hold nothing are left out. */
export function parseSources(text: string): Result<readonly Source[], PatchProblem> {
  if (text.length > MAX_TEXT_CHARS) return err({ code: 'too-large', limit: `${MAX_TEXT_CHARS / 1024 / 1024} MiB` })
  let trees: readonly Document.Parsed[]
  try {
    // Keys are counted when a document is decoded: the parser compares each one with all the others.
    trees = [...parseAllDocuments(text, { prettyErrors: false, version: '1.2', uniqueKeys: false })]
  } catch (error) {
    // The parser recurses; a hostile text can exhaust the stack and nothing else.
    if (error instanceof RangeError) return err({ code: 'not-yaml', reason: 'nested too deeply' })
    throw error
  }
  const broken = trees.find((tree) => tree.errors.length > 0)?.errors[0]
  if (broken) return err({ code: 'not-yaml', reason: broken.message })
  if (trees.length > MAX_DOCUMENTS) return err({ code: 'too-large', limit: `${MAX_DOCUMENTS} documents` })
  const sources = trees.map((tree) => ({
    tree,
    text: text.slice(tree.range[0], tree.range[2]).replace(/^---[ \t]*\n/, ''),
  }))
  return ok(sources.filter(({ tree }) => !isEmpty(tree)))
}

/** Only comments, or nothing at all, between two `---`. */
const isEmpty = ({ contents }: Document.Parsed): boolean =>
  contents === null || (isScalar(contents) && contents.value === null)

/** For those who only ask what a document is. */
export const NEWEST: TalosContract = '1.14'

const LEGACY_KEYS = ['machine', 'cluster', 'debug', 'persist', 'version']

/** Which document a tree is; undefined when it does not say so. */
export function identify(
  tree: Document,
  minor: TalosContract = NEWEST,
): { readonly id: string; readonly type: string | undefined } | undefined {
  const { contents } = tree
  if (!isMap(contents)) return undefined
  const read = (key: string) => {
    const value: unknown = contents.get(key)
    return typeof value === 'string' ? value : ''
  }
  const [apiVersion, kind, name] = [read('apiVersion'), read('kind'), read('name')]
  if (kind === '') return LEGACY_KEYS.some((key) => contents.has(key)) ? { id: LEGACY, type: LEGACY } : undefined
  if (apiVersion === '') return undefined
  const named = typeTable().fields(kind)?.has('name') ?? true
  return {
    id: `${apiVersion}/${kind}${named && name !== '' ? `/${name}` : ''}`,
    type: apiVersion === 'v1alpha1' ? typeOfKind(kind, minor) : undefined,
  }
}

/** Reads a whole configuration of a Talos minor. Unknown documents are kept as they are; of the known ones every field must be known. */
export function readConfig(
  text: string,
  minor: TalosContract = NEWEST,
): Result<readonly ConfigDocument[], PatchProblem> {
  const sources = parseSources(text)
  if (!sources.ok) return sources
  if (sources.value.length === 0) return err({ code: 'no-document' })
  const documents: ConfigDocument[] = []
  for (const source of sources.value) {
    const read = readDocument(source, minor)
    if (!read.ok) return read
    if (documents.some(({ id }) => id === read.value.id))
      return err({ code: 'duplicate-document', document: read.value.id })
    documents.push(read.value)
  }
  return ok(documents)
}

export function readDocument(source: Source, minor: TalosContract): Result<ConfigDocument, PatchProblem> {
  const identity = identify(source.tree, minor)
  if (!identity) return err({ code: 'unknown-document', document: 'without apiVersion and kind' })
  if (identity.type === undefined) return ok({ source, ...identity, value: new Map(), changed: false })
  const { value, findings } = decodeDocument(identity.type, source.tree, minor)
  const [first] = findings
  return first ? err(findingProblem(identity.id, first)) : ok({ source, ...identity, value, changed: false })
}

export const findingProblem = (document: string, { code, where, reason }: Finding): PatchProblem =>
  code === 'unknown-field'
    ? { code, document, where: sayPath(where) }
    : { code, document, where: sayPath(where), reason }

/** `machine.network.interfaces[0].vlans` */
export const sayPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )

/** The text of a configuration: unchanged documents byte for byte, changed ones as Talos writes them. */
export const writeConfig = (documents: readonly ConfigDocument[]): string =>
  documents.map((document) => withLineEnd(writeDocument(document))).join('---\n')

function writeDocument({ source, type, value, changed }: ConfigDocument): string {
  if (!changed || type === undefined) return source.text
  const tree = source.tree.clone()
  writeInto(tree, encodeStruct(type, value))
  // The document marks and the version line come from the caller's join.
  tree.directives = undefined
  return tree.toString({ indent: 4, lineWidth: 0 })
}

const withLineEnd = (text: string): string => (text.endsWith('\n') || text === '' ? text : `${text}\n`)
