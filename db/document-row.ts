import { DOCUMENT_SCHEMAS, KINDS, type Document, type Stored } from '#core/model/document.ts'
import type { documents } from './schema.ts'

export type DocumentRow = typeof documents.$inferSelect

/**
 * A row as the stored document it is. The schema of its kind is applied again, so that a row that does not fit, by hand
 * or by a faulty release, stops here with its name instead of misleading the planner.
 */
export function toStored(row: DocumentRow): Stored {
  const kind = KINDS.find((known) => known === row.kind)
  if (!kind) throw new Error(`invariant broken: document ${row.uid} has the unknown kind ${row.kind}`)
  const parsed = DOCUMENT_SCHEMAS[kind].safeParse({
    apiVersion: 'lanline/v1alpha1',
    kind,
    metadata: { name: row.name, ...present('labels', row.labels), ...present('annotations', row.annotations) },
    spec: row.spec,
  })
  if (!parsed.success)
    throw new Error(`invariant broken: stored ${row.kind}/${row.name} does not fit its schema: ${parsed.error.message}`)
  const document: Document = parsed.data
  return {
    ...document,
    uid: row.uid,
    generation: row.generation,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...(row.deletingAt === null ? {} : { deletingAt: row.deletingAt }),
    ...(row.forgottenAt === null ? {} : { forgottenAt: row.forgottenAt }),
  }
}

/** Empty maps and absent ones are the same document; the stored form is the empty map. */
function present(key: string, value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? { [key]: value } : {}
}
