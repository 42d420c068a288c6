import { z } from 'zod'
import { DOCUMENT_SCHEMAS, type Kind } from '#core/model/document.ts'
import type { Path } from '../yaml/source.ts'

/** The field names that a kind knows at a path, for hints. Empty where any name is allowed. */
export function knownFields(kind: Kind, path: Path): readonly string[] {
  let schema: unknown = z.toJSONSchema(DOCUMENT_SCHEMAS[kind], { io: 'input', unrepresentable: 'any' })
  for (const member of path) {
    const properties = child(schema, 'properties')
    schema =
      typeof member === 'number'
        ? child(schema, 'items')
        : (child(properties, member) ?? child(schema, 'additionalProperties'))
  }
  return Object.keys(child(schema, 'properties') ?? {})
}

function child(value: unknown, key: string | number): object | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  const found: unknown = Reflect.get(value, key)
  return typeof found === 'object' && found !== null ? found : undefined
}
