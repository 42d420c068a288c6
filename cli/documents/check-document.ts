import type { z } from 'zod'
import { nearest } from '#core/base/nearest.ts'
import { ok, err, type Result } from '#core/base/result.ts'
import { DOCUMENT_SCHEMAS, KINDS, type Document, type Kind } from '#core/model/document.ts'
import { sayPath, type Path } from '../yaml/source.ts'
import { knownFields } from './known-fields.ts'

/** Something wrong with one document, by path. `key` means the name itself is wrong, `value` what it holds. */
export interface Finding {
  readonly path: Path
  readonly target: 'key' | 'value'
  readonly message: string
}

/** A document against the schema of its kind, in words that name the field and the nearest name that exists. */
export function checkDocument(value: Readonly<Record<string, unknown>>): Result<Document, readonly Finding[]> {
  const kind = KINDS.find((known) => known === value['kind'])
  if (!kind) return err([unknownKind(value['kind'])])
  const parsed = DOCUMENT_SCHEMAS[kind].safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const unknown = parsed.error.issues.flatMap((issue) => unknownFields(kind, issue))
  // A misspelt field is missing under its right name, too; one error says both.
  const meant = new Set(
    unknown.flatMap(({ path, near }) => (near === undefined ? [] : [sayPath([...path.slice(0, -1), near])])),
  )
  const others = parsed.error.issues.flatMap((issue) => otherFindings(issue, value))
  return err([...unknown, ...others.filter(({ path, message }) => !(message === MISSING && meant.has(sayPath(path))))])
}

export const suggest = (name: string, candidates: readonly string[]): string => {
  const near = nearest(name, candidates)
  return near === undefined ? '' : `; did you mean "${near}"?`
}

function unknownKind(kind: unknown): Finding {
  if (typeof kind !== 'string') return { path: ['kind'], target: 'key', message: `must be one of ${KINDS.join(', ')}` }
  const hint = suggest(kind, KINDS) || `; there are ${KINDS.join(', ')}`
  return { path: ['kind'], target: 'value', message: `unknown kind "${kind}"${hint}` }
}

type ZodIssue = z.core.$ZodIssue

const MISSING = 'this field is missing'

const pathOf = (issue: ZodIssue): Path =>
  issue.path.map((member) => (typeof member === 'number' ? member : String(member)))

function unknownFields(kind: Kind, issue: ZodIssue): readonly (Finding & { readonly near: string | undefined })[] {
  if (issue.code !== 'unrecognized_keys') return []
  const path = pathOf(issue)
  const known = knownFields(kind, path)
  return issue.keys.map((key) => {
    const list = known.length > 0 ? `; known here: ${known.join(', ')}` : ''
    const message = `unknown field${suggest(key, known) || list}`
    return { path: [...path, key], target: 'key', message, near: nearest(key, known) }
  })
}

function otherFindings(issue: ZodIssue, document: unknown): readonly Finding[] {
  if (issue.code === 'unrecognized_keys') return []
  const path = pathOf(issue)
  const target = issue.code === 'invalid_key' ? 'key' : 'value'
  return [{ path, target, message: sayIssue(issue, valueAt(document, path), path) }]
}

function sayIssue(issue: ZodIssue, value: unknown, path: Path): string {
  if (value === undefined) return MISSING
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${sayType(issue.expected)}, not ${sayType(typeOf(value))}${slipHint(issue.expected, value, path)}`
    case 'invalid_value': {
      const options = issue.values.map(String)
      return `must be ${options.map((option) => `"${option}"`).join(' or ')}${typeof value === 'string' ? suggest(value, options) : ''}`
    }
    case 'too_small':
      return saySize(issue.origin, 'at least', Number(issue.minimum), issue.exact)
    case 'too_big':
      return issue.message.startsWith('Too big')
        ? saySize(issue.origin, 'at most', Number(issue.maximum), issue.exact)
        : issue.message
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message
    default:
      return issue.message
  }
}

function saySize(origin: string, bound: string, limit: number, exact: boolean | undefined): string {
  const amount = exact === true ? `exactly ${limit}` : `${bound} ${limit}`
  if (origin === 'array' || origin === 'set') return `takes ${amount} ${limit === 1 ? 'entry' : 'entries'}`
  if (origin === 'string') return limit === 1 ? 'must not be empty' : `has ${amount} characters`
  return `must be ${amount}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'empty',
}

const sayType = (type: string): string => TYPE_WORDS[type] ?? type

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/** The two commonest slips: a quantity without its unit, and the booleans of YAML 1.1. */
function slipHint(expected: string, value: unknown, path: Path): string {
  if (expected === 'string' && typeof value === 'number' && ['memory', 'size'].includes(String(path.at(-1))))
    return `; give it a unit, like ${value}Gi`
  if (expected === 'boolean' && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value))
    return `; write ${/^(yes|on)$/i.test(value)}`
  return ''
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const member of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, member)) return undefined
    found = Reflect.get(found, member)
  }
  return found
}
