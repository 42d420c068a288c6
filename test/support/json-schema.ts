/**
 * Checks a value against a JSON Schema as far as the machine configuration's schema goes: type, enum, pattern,
 * properties, required, additionalProperties, patternProperties, items, oneOf and local references.
 */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly oneOf?: readonly JsonSchema[]
}

/** What is wrong, each with its path; empty when the value fits. */
export function schemaErrors(value: unknown, schema: JsonSchema, root: JsonSchema = schema, path = ''): string[] {
  if (schema.$ref) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target ? schemaErrors(value, target, root, path) : [`${path}: no definition ${schema.$ref}`]
  }
  const errors: string[] = []
  if (schema.type && !hasType(value, schema.type)) return [`${path}: is not a ${schema.type}`]
  if (schema.enum && !schema.enum.includes(value)) errors.push(`${path}: is none of ${schema.enum.join(', ')}`)
  if (schema.pattern && typeof value === 'string' && !new RegExp(schema.pattern, 'u').test(value))
    errors.push(`${path}: does not match ${schema.pattern}`)
  if (schema.oneOf) {
    const tries = schema.oneOf.map((option) => schemaErrors(value, option, root, path))
    const fits = tries.filter((found) => found.length === 0).length
    if (fits !== 1) errors.push(`${path}: fits ${fits} of ${tries.length} alternatives: ${closest(tries).join('; ')}`)
  }
  if (Array.isArray(value) && schema.items) {
    const items = schema.items
    errors.push(...value.flatMap((item, index) => schemaErrors(item, items, root, `${path}/${index}`)))
  }
  if (isObject(value)) errors.push(...objectErrors(value, schema, root, path))
  return errors
}

function objectErrors(value: Record<string, unknown>, schema: JsonSchema, root: JsonSchema, path: string): string[] {
  const missing = (schema.required ?? []).filter((key) => !(key in value)).map((key) => `${path}/${key}: is missing`)
  const members = Object.entries(value).flatMap(([key, member]) => {
    const here = `${path}/${key}`
    const named = schema.properties?.[key]
    if (named) return schemaErrors(member, named, root, here)
    const matching = Object.entries(schema.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(key))
    if (matching) return schemaErrors(member, matching[1], root, here)
    if (schema.additionalProperties === false) return [`${here}: is unknown`]
    return typeof schema.additionalProperties === 'object'
      ? schemaErrors(member, schema.additionalProperties, root, here)
      : []
  })
  return [...missing, ...members]
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The alternative that failed least says best what is wrong: a wrong kind fails at once, a right one deep inside. */
function closest(tries: readonly string[][]): readonly string[] {
  const depth = (errors: readonly string[]) => Math.max(...errors.map((error) => error.split('/').length))
  return tries.toSorted((a, b) => a.length - b.length || depth(b) - depth(a))[0] ?? []
}
