import { badParameters } from './failure.ts'

/**
 * Declared parameters and their check, with the texts of the real parameter verification. A declaration states what the
 * published API schema states (type, bounds, enumeration, pattern), written by hand per endpoint.
 * Source of the texts: Proxmox VE 9.2.11, observed.
 */
export interface Parameter {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array'
  readonly optional: boolean
  readonly choices?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: RegExp
  /** Another parameter that must be sent along. */
  readonly requires?: string
  /** A further check of well-typed text: undefined when it passes, else what follows `invalid format - `. */
  readonly format?: (value: string, name: string) => string | undefined
  /** For `net[n]` and its like: how many there are. */
  readonly count?: number
  /** The first or last major release that knows it; both when not given. */
  readonly since?: 9
  readonly until?: 8
  /** How older releases declare it, where that differs. */
  readonly before9?: Parameter
}

/** The major releases that are imitated. */
export type Major = 8 | 9

export type ParameterTable = Readonly<Record<string, Parameter>>
/** Checked values by name. Booleans are `0` or `1`. */
export type Parameters = ReadonlyMap<string, string>

type Extras = Partial<Omit<Parameter, 'type' | 'choices'>>

/** The table as one major release declares it. */
export const tableOf = (table: ParameterTable, major: Major): ParameterTable =>
  Object.fromEntries(
    Object.entries(table)
      .filter(([, { since, until }]) => (since ?? major) <= major && (until ?? major) >= major)
      .map(([name, parameter]) => [name, (major < 9 ? parameter.before9 : undefined) ?? parameter]),
  )

export const since9 = (parameter: Parameter): Parameter => ({ ...parameter, since: 9 })
export const until8 = (parameter: Parameter): Parameter => ({ ...parameter, until: 8 })
/** Declared one way now and another way before. */
export const changedIn9 = (now: Parameter, before9: Parameter): Parameter => ({ ...now, before9 })

export const text = (extras: Extras = {}): Parameter => ({ type: 'string', optional: true, ...extras })
export const integer = (minimum?: number, maximum?: number, extras: Extras = {}): Parameter => ({
  type: 'integer',
  optional: true,
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
  ...extras,
})
export const decimal = (minimum?: number, maximum?: number): Parameter => ({
  type: 'number',
  optional: true,
  ...(minimum === undefined ? {} : { minimum }),
  ...(maximum === undefined ? {} : { maximum }),
})
export const flag = (extras: Extras = {}): Parameter => ({ type: 'boolean', optional: true, ...extras })
export const choice = (...choices: readonly string[]): Parameter => ({ type: 'string', optional: true, choices })
/** What is said of a parameter holds for its older form too. */
const everywhere = (parameter: Parameter, said: Partial<Parameter>): Parameter => ({
  ...parameter,
  ...said,
  ...(parameter.before9 ? { before9: { ...parameter.before9, ...said } } : {}),
})
export const needed = (parameter: Parameter): Parameter => everywhere(parameter, { optional: false })
export const indexed = (count: number, parameter: Parameter): Parameter => everywhere(parameter, { count })

const NOT_DEFINED = 'property is not defined in schema and the schema does not allow additional properties'
const MISSING = 'property is missing and it is not optional'
const INTEGER = /^[+-]?\d+$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** What is wrong with one value, or undefined. `name` appears in the texts of nested formats. */
export function problemOf(parameter: Parameter, value: string, name: string): string | undefined {
  if (parameter.type !== 'string' && parameter.type !== 'array' && !isTyped(parameter, value)) {
    return `type check ('${parameter.type}') failed - got '${value}'`
  }
  if (parameter.format) {
    const problem = parameter.format(value, name)
    if (problem !== undefined) return `invalid format - ${problem}`
  }
  if (parameter.type === 'integer' || parameter.type === 'number') {
    if (parameter.minimum !== undefined && Number(value) < parameter.minimum)
      return `value must have a minimum value of ${parameter.minimum}`
    if (parameter.maximum !== undefined && Number(value) > parameter.maximum)
      return `value must have a maximum value of ${parameter.maximum}`
  }
  if (parameter.maxLength !== undefined && value.length > parameter.maxLength)
    return `value may only be ${parameter.maxLength} characters long`
  if (parameter.minLength !== undefined && value.length < parameter.minLength)
    return `value must be at least ${parameter.minLength} characters long`
  if (parameter.pattern && !parameter.pattern.test(value)) return 'value does not match the regex pattern'
  if (parameter.choices && !parameter.choices.includes(value))
    return `value '${value}' does not have a value in the enumeration '${parameter.choices.join(', ')}'`
  return undefined
}

function isTyped(parameter: Parameter, value: string): boolean {
  if (parameter.type === 'boolean') return value === '0' || value === '1'
  return (parameter.type === 'integer' ? INTEGER : NUMBER).test(value)
}

/** The declaration that a name falls under, `net3` under `net[n]`. */
export function declarationOf(table: ParameterTable, name: string): Parameter | undefined {
  const exact = Object.hasOwn(table, name) ? table[name] : undefined
  if (exact) return exact
  const match = /^(.*?)(0|[1-9]\d*)$/.exec(name)
  if (!match) return undefined
  const family = table[`${match[1]}[n]`]
  return family && Number(match[2]) < (family.count ?? 0) ? family : undefined
}

/** All that was sent, checked against the table; throws the 400 with one text per wrong name. */
export function checkParameters(table: ParameterTable, sent: ReadonlyMap<string, string>): Parameters {
  const errors: Record<string, string> = {}
  for (const [name, value] of sent) {
    const parameter = declarationOf(table, name)
    if (!parameter) errors[name] = NOT_DEFINED
    else {
      const problem = problemOf(parameter, value, name)
      if (problem !== undefined) errors[name] = problem
      else if (parameter.requires !== undefined && !sent.has(parameter.requires))
        errors[parameter.requires] = `missing property required by '${name}'`
    }
  }
  for (const [name, parameter] of Object.entries(table)) {
    if (!parameter.optional && parameter.count === undefined && !sent.has(name)) errors[name] = MISSING
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors)
  return sent
}
