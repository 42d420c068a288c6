import { z } from 'zod'
import { DOCUMENT_SCHEMAS, KINDS } from '#core/model/document.ts'
import type { Path } from '../http.ts'

/** The field names that a kind knows at a path, for hints; [] where any name is allowed. Only failing requests ask. */
export function knownFields(kind: unknown, path: Path): readonly string[] {
  const known = KINDS.find((candidate) => candidate === kind)
  let schema: unknown = known && z.toJSONSchema(DOCUMENT_SCHEMAS[known], { io: 'input', unrepresentable: 'any' })
  for (const key of path) {
    const properties = member(schema, 'properties')
    schema =
      typeof key === 'number'
        ? member(schema, 'items')
        : (member(properties, key) ?? member(schema, 'additionalProperties'))
  }
  return Object.keys(member(schema, 'properties') ?? {})
}

function member(value: unknown, key: string): object | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  const found: unknown = Reflect.get(value, key)
  return typeof found === 'object' && found !== null ? found : undefined
}
