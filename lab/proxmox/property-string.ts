import {
  changedIn9,
  declarationOf,
  problemOf,
  tableOf,
  text,
  type Parameter,
  type ParameterTable,
} from './parameter.ts'

/**
 * Property strings such as `virtio=02:00:00:00:00:01,bridge=vmbr0`: comma-separated `key=value` with at most one value
 * that needs no key. There is no escaping, so a value cannot hold a comma.
 */
export interface PropertyFormat {
  readonly keys: ParameterTable
  /** The key of a value that is written without one. */
  readonly defaultKey?: string
  readonly aliases?: Readonly<Record<string, string>>
  /** Keys that name the value of another key while giving their own: `virtio=MAC` is model=virtio, macaddr=MAC. */
  readonly keyAliases?: { readonly names: readonly string[]; readonly key: string; readonly value: string }
}

export type Properties = Map<string, string>

/** Reads a property string. Undefined when it is not one; use `propertyProblem` for the reason. */
export function readProperties(format: PropertyFormat, text: string): Properties | undefined {
  const parsed = parse(format, text)
  return parsed instanceof Map ? parsed : undefined
}

/** A parameter format that is a property string. */
export const propertyString =
  (format: PropertyFormat) =>
  (text: string, name: string): string | undefined =>
    propertyProblem(format, text, name)

/** A property string, whose keys are those of the release. */
export const properties = (format: PropertyFormat, more: Partial<Parameter> = {}): Parameter => {
  const in8 = { ...format, keys: tableOf(format.keys, 8) }
  const in9 = { ...format, keys: tableOf(format.keys, 9) }
  return changedIn9(
    { ...text({ format: propertyString(in9) }), ...more },
    { ...text({ format: propertyString(in8) }), ...more },
  )
}

function propertyProblem(format: PropertyFormat, text: string, name: string): string | undefined {
  const parsed = parse(format, text)
  if (typeof parsed === 'string') return `${parsed}\n`
  const problems: string[] = []
  for (const [key, value] of parsed) {
    const parameter = declarationOf(format.keys, key)
    const problem = parameter
      ? problemOf(parameter, parameter.type === 'boolean' ? asBoolean(value) : value, key)
      : 'property is not defined in schema and the schema does not allow additional properties'
    if (problem !== undefined) problems.push(`${name}.${key}: ${problem}\n`)
    else if (parameter?.requires !== undefined && !parsed.has(parameter.requires))
      problems.push(`${name}.${parameter.requires}: missing property required by '${name}.${key}'\n`)
  }
  for (const [key, parameter] of Object.entries(format.keys)) {
    if (!parameter.optional && !parsed.has(key))
      problems.push(`${name}.${key}: property is missing and it is not optional\n`)
  }
  return problems.length === 0 ? undefined : `format error\n${problems.join('')}`
}

/** Inside a property string, unlike outside, a switch may be said in words. */
function asBoolean(value: string): string {
  if (/^(1|on|yes|true)$/i.test(value)) return '1'
  return /^(0|off|no|false)$/i.test(value) ? '0' : value
}

function parse(format: PropertyFormat, text: string): Properties | string {
  const found: Properties = new Map()
  for (const part of text.split(',')) {
    if (part === '') continue
    const split = part.indexOf('=')
    if (split < 0) {
      if (format.defaultKey === undefined) return 'value without key, but schema does not define a default key'
      if (found.has(format.defaultKey)) return 'duplicate key in comma-separated list property: ' + format.defaultKey
      found.set(format.defaultKey, part)
      continue
    }
    const written = part.slice(0, split)
    const value = part.slice(split + 1)
    if (format.keyAliases?.names.includes(written)) {
      found.set(format.keyAliases.key, written)
      found.set(format.keyAliases.value, value)
      continue
    }
    const key = format.aliases?.[written] ?? written
    if (found.has(key)) return `duplicate key in comma-separated list property: ${key}`
    found.set(key, value)
  }
  return found
}

/** Writes properties back the way the host does: the leading text, then the other keys in alphabetical order. */
export function writeProperties(leading: string, properties: ReadonlyMap<string, string>): string {
  const rest = [...properties].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`)
  return [leading, ...rest].join(',')
}
