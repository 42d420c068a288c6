import { z } from 'zod'
import { DOCUMENT_SCHEMAS, type Kind } from '../model/document.ts'
import type { Path } from './finding.ts'

/** The field names that a kind knows at a path, for hints; [] where any name is allowed. Only failing documents ask. */
export function knownFields(kind: Kind, path: Path): readonly string[] {
  let schema: unknown = z.toJSONSchema(DOCUMENT_SCHEMAS[kind], { io: 'input', unrepresentable: 'any' })
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
