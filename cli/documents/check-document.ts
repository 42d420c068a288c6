import { err, ok, type Result } from '#core/base/result.ts'
import type { Finding } from '#core/check/finding.ts'
import { schemaFindings } from '#core/check/schema-findings.ts'
import { DOCUMENT_SCHEMAS, KINDS, type Document } from '#core/model/document.ts'

/** A document against the schema of its kind. */
export function checkDocument(value: Readonly<Record<string, unknown>>): Result<Document, readonly Finding[]> {
  const kind = KINDS.find((known) => known === value['kind'])
  if (!kind) return err(schemaFindings([], value))
  const parsed = DOCUMENT_SCHEMAS[kind].safeParse(value)
  return parsed.success ? ok(parsed.data) : err(schemaFindings(parsed.error.issues, value))
}
