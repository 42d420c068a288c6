import type { z } from 'zod'
import { finding, valueAt, type Finding } from '#core/check/finding.ts'
import { sayIssue } from '#core/check/say-issue.ts'
import { schemaFindings, type ZodIssue } from '#core/check/schema-findings.ts'
import { toDotted, toPointer, type FieldError, type Path } from '../http.ts'

/** What the shared checks found, as errors of a request: a pointer from the beginning of its body. */
export const toFieldError = ({ path, message, code, hint }: Finding, at: Path): FieldError => ({
  pointer: toPointer([...at, ...path]),
  path: toDotted(path),
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
})

/** A body is a document, or carries documents as /v1/apply does. */
export function bodyErrors(error: z.ZodError, body: unknown): readonly FieldError[] {
  const carries = valueAt(body, ['documents']) !== undefined
  const groups = Map.groupBy(error.issues, ({ path: [first, index] }) =>
    carries && first === 'documents' && typeof index === 'number' ? index : undefined,
  )
  return [...groups].flatMap(([index, issues]) => {
    if (index === undefined) return carries ? partErrors(issues, body) : documentErrors(issues, body, [])
    const within = issues.map((issue) => ({ ...issue, path: issue.path.slice(2) }))
    return documentErrors(within, valueAt(body, ['documents', index]), ['documents', index])
  })
}

const documentErrors = (issues: readonly ZodIssue[], document: unknown, at: Path): readonly FieldError[] =>
  schemaFindings(issues, document).map((found) => toFieldError(found, at))

/** Anything that is no document: a query, a path, the outer body of an apply. */
export const partErrors = (issues: readonly ZodIssue[], part: unknown): readonly FieldError[] =>
  issues.flatMap((issue) => {
    const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
    const found =
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => finding([...path, key], 'unknown field'))
        : [finding(path, sayIssue(issue, valueAt(part, path), path))]
    return found.map((one) => toFieldError(one, []))
  })
