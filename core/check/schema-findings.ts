import type { z } from 'zod'
import { nearest } from '../base/nearest.ts'
import { KINDS } from '../model/document.ts'
import { didYouMean, finding, valueAt, type Finding, type Path } from './finding.ts'
import { knownFields } from './known-fields.ts'
import { MISSING, sayIssue } from './say-issue.ts'

export type ZodIssue = z.core.$ZodIssue

/**
 * What zod found in one document, in words for its author: one finding a field, with the nearest name there is. Paths
 * are those of the document.
 */
export function schemaFindings(issues: readonly ZodIssue[], document: unknown): readonly Finding[] {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return [finding([], 'a document is a map that begins with apiVersion and kind')]
  const kind = KINDS.find((known) => known === valueAt(document, ['kind']))
  if (!kind) return [unknownKind(valueAt(document, ['kind']))]
  // In the order of the schema: what a document is comes before what it holds.
  const found = issues.flatMap((issue) => {
    const path = pathOf(issue)
    if (issue.code !== 'unrecognized_keys') {
      const target = issue.code === 'invalid_key' ? ('key' as const) : ('value' as const)
      return [{ finding: finding(path, sayIssue(issue, valueAt(document, path), path), { target }), meant: undefined }]
    }
    const known = knownFields(kind, path)
    return issue.keys.map((key) => {
      const near = nearest(key, known)
      return {
        finding: unknownField(path, key, known),
        meant: near === undefined ? undefined : keyOf([...path, near]),
      }
    })
  })
  // A misspelt field is missing under its right name, too; one error says both.
  const meant = new Set(found.map((one) => one.meant))
  return found.map((one) => one.finding).filter(({ path, message }) => message !== MISSING || !meant.has(keyOf(path)))
}

const keyOf = (path: Path): string => JSON.stringify(path)

function unknownField(path: Path, key: string, known: readonly string[]): Finding {
  const list = known.length > 0 ? `known here: ${known.join(', ')}` : undefined
  return finding([...path, key], 'unknown field', { target: 'key', hint: didYouMean(key, known) ?? list })
}

function unknownKind(kind: unknown): Finding {
  const kinds = KINDS.join(', ')
  if (typeof kind !== 'string') return finding(['kind'], `must be one of ${kinds}`, { target: 'key' })
  return finding(['kind'], `unknown kind "${kind}"`, { hint: didYouMean(kind, KINDS) ?? `there are ${kinds}` })
}

const pathOf = (issue: ZodIssue): Path =>
  issue.path.map((member) => (typeof member === 'number' ? member : String(member)))
