import { isAlias, isMap, isScalar, LineCounter, parseAllDocuments, visit, type Document, type YAMLError } from 'yaml'
import { MAX_DOCUMENTS, MAX_REQUEST_BYTES } from '#core/model/document.ts'
import { placeOfRange, type Issue, type SourceDocument, type SourceFile } from './source.ts'

/**
 * The only parser of people's YAML. YAML 1.2 core: no tags, no directives, no duplicate keys, and aliases only so far
 * that they cannot blow a file up. Every document keeps its tree, so that a later error can be shown where it is.
 */

/** Resolved aliases in one document; a hand-written file has a few, a bomb has thousands. */
const MAX_ALIASES = 100
/** Beyond the first few, the errors of one file follow from each other. */
const MAX_SYNTAX_ISSUES = 5

export interface ParsedFile {
  readonly documents: readonly SourceDocument[]
  readonly issues: readonly Issue[]
}

/** `notMap` is what to say of a document that is something else than a map. */
export function parseYaml(
  file: SourceFile,
  notMap = 'a document is a map that begins with apiVersion and kind',
): ParsedFile {
  const start = { line: 1, column: 1, width: 1 }
  const whole = (message: string): ParsedFile => ({
    documents: [],
    issues: [{ file, place: start, path: '', message }],
  })
  if (Buffer.byteLength(file.text) > MAX_REQUEST_BYTES)
    return whole(`a file has at most ${MAX_REQUEST_BYTES / 1024} KiB`)
  try {
    return parseChecked(file, notMap)
  } catch (error) {
    // The parser and the visitor recurse; a hostile file can exhaust the stack and nothing else.
    if (error instanceof RangeError) return whole('nested too deeply')
    throw error
  }
}

function parseChecked(file: SourceFile, notMap: string): ParsedFile {
  const lines = new LineCounter()
  const trees = [...parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false, version: '1.2' })]
  const issueAt = (start: number, end: number, message: string): Issue => ({
    file,
    place: placeOfRange(file.text, lines, start, end),
    path: '',
    message,
  })

  const broken = trees.flatMap((tree) => tree.errors)
  if (broken.length > 0)
    return {
      documents: [],
      issues: firstCauses(broken).map((error) => {
        const [at, end] = rangeOfError(file.text, error)
        return issueAt(at, end, sayYamlError(file.text, error))
      }),
    }

  const filled = trees.filter((tree) => !isEmpty(tree))
  const documents: SourceDocument[] = []
  const issues: Issue[] = []
  for (const [index, tree] of filled.entries()) {
    const [start, end] = tree.contents?.range ?? [0, 0]
    if (index === MAX_DOCUMENTS) {
      issues.push(issueAt(start, start, `a file has at most ${MAX_DOCUMENTS} documents`))
      break
    }
    const refused = findRefused(tree, issueAt)
    if (refused.length > 0) {
      issues.push(...refused)
      continue
    }
    if (!isMap(tree.contents)) {
      issues.push(issueAt(start, end, notMap))
      continue
    }
    try {
      const value = tree.toJS({ maxAliasCount: MAX_ALIASES }) as Record<string, unknown>
      documents.push({ file, tree, lines, value })
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error
      issues.push(issueAt(start, start, `a document may use aliases ${MAX_ALIASES} times at most`))
    }
  }
  return { documents, issues }
}

function findRefused(tree: Document.Parsed, issueAt: (start: number, end: number, message: string) => Issue): Issue[] {
  const found: Issue[] = []
  const anchors = new Set<string>()
  const at = tree.contents?.range?.[0] ?? 0
  if (tree.directives.yaml.explicit === true) found.push(issueAt(at, at, 'YAML directives are not taken'))
  visit(tree, {
    Node(_, node) {
      const [start = at, end = start] = node.range ?? []
      if (isAlias(node)) {
        if (!anchors.has(node.source))
          found.push(issueAt(start, end, `no anchor &${node.source} comes before this alias`))
      } else if (node.anchor !== undefined) anchors.add(node.anchor)
      if (node.tag !== undefined)
        found.push(issueAt(start, end, `the YAML tag ${node.tag} is not taken; write plain values`))
    },
    Pair(_, pair) {
      if (!isScalar(pair.key)) found.push(issueAt(at, at, 'a key is a plain word'))
    },
  })
  return found.slice(0, MAX_SYNTAX_ISSUES)
}

/** A tab makes nonsense of all that follows it, so it is shown alone. */
function firstCauses(errors: readonly YAMLError[]): readonly YAMLError[] {
  const tabs = errors.filter((error) => error.code === 'TAB_AS_INDENT')
  return (tabs.length > 0 ? tabs : errors).slice(0, MAX_SYNTAX_ISSUES)
}

/** Only comments, or nothing at all, between two `---`. */
const isEmpty = (tree: Document.Parsed): boolean =>
  tree.contents === null || (isScalar(tree.contents) && tree.contents.value === null)

const wordAt = (text: string, at: number): string => /^[\w./-]+/.exec(text.slice(at))?.[0] ?? ''

function rangeOfError(text: string, error: YAMLError): readonly [number, number] {
  const [start, end] = error.pos
  return error.code === 'DUPLICATE_KEY' ? [start, start + Math.max(1, wordAt(text, start).length)] : [start, end]
}

/** The commonest mistakes in words of their own; the parser's words for the rest. */
function sayYamlError(text: string, error: YAMLError): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return `the key "${wordAt(text, error.pos[0])}" is here for the second time`
    case 'TAB_AS_INDENT':
      return 'indent with spaces, not tabs'
    case 'BAD_INDENT': {
      const [, bracket] = /end with a (\S)/.exec(error.message) ?? []
      return bracket
        ? `the ${bracket} that closes the lines above is missing, or this line is not indented enough`
        : 'the indentation does not match the lines above'
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'not valid YAML: a key inside a value; check the indentation, and quote a text that has ": " in it'
    default:
      return `not valid YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`
  }
}
