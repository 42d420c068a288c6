import type { z } from 'zod'
import { nearest } from '#core/base/nearest.ts'
import { KINDS } from '#core/model/document.ts'
import { toDotted, toPointer, type FieldError, type Path } from '../http.ts'
import { knownFields } from './known-fields.ts'

/** What zod found in a request body, as errors that name the field, one per field. */
export function toFieldErrors(error: z.ZodError, body: unknown): readonly FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(body, path, key))
    return [fieldError(path, sayIssue(issue, valueAt(body, path)))]
  })
}

export function fieldError(path: Path, message: string, code: FieldError['code'] = 'invalid-document'): FieldError {
  return { pointer: toPointer(path), path: toDotted(withinDocument(path)), code, message }
}

export const didYouMean = (name: string, candidates: Iterable<string>): { hint?: string } => {
  const near = nearest(name, candidates)
  return near === undefined ? {} : { hint: `did you mean "${near}"?` }
}

function unknownField(body: unknown, path: Path, key: string): FieldError {
  const inside = withinDocument(path)
  const document = valueAt(body, path.slice(0, path.length - inside.length))
  const known = knownFields(valueAt(document, ['kind']), inside)
  return { ...fieldError([...path, key], `unknown field "${key}"`), ...didYouMean(key, known) }
}

function sayIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_union' && issue.discriminator === 'kind')
    return typeof value === 'string'
      ? `unknown kind "${value}"; there are ${KINDS.join(', ')}`
      : `must be one of ${KINDS.join(', ')}`
  if (value === undefined && issue.code !== 'custom') return 'this field is missing'
  return issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
}

/** Bodies of /v1/apply hold their documents under `documents`; other bodies are the document. */
const withinDocument = (path: Path): Path => (path[0] === 'documents' ? path.slice(2) : path)

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined,
    value,
  )
}
