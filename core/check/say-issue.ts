import type { z } from 'zod'
import { nearest } from '../base/nearest.ts'
import type { Path } from './finding.ts'

/** One issue of a schema in plain words: what the field must be, what it is, and how the commonest slips are mended. */
export const MISSING = 'this field is missing'

export function sayIssue(issue: z.core.$ZodIssue, value: unknown, path: Path): string {
  if (value === undefined && issue.code !== 'custom') return MISSING
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${sayType(issue.expected)}, not ${sayType(typeOf(value))}${slipHint(issue.expected, value, path)}`
    case 'invalid_value': {
      if (!issue.message.startsWith('Invalid')) return issue.message
      const options = issue.values.map(String)
      const near = typeof value === 'string' ? nearest(value, options) : undefined
      const hint = near === undefined ? '' : `; did you mean "${near}"?`
      return `must be ${options.map((option) => `"${option}"`).join(' or ')}${hint}`
    }
    case 'too_small':
      return saySize(issue.origin, 'at least', Number(issue.minimum), issue.exact)
    case 'too_big':
      return issue.message.startsWith('Too big')
        ? saySize(issue.origin, 'at most', Number(issue.maximum), issue.exact)
        : issue.message
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message
    default:
      return issue.message
  }
}

function saySize(origin: string, bound: string, limit: number, exact: boolean | undefined): string {
  const amount = exact === true ? `exactly ${limit}` : `${bound} ${limit}`
  if (origin === 'array' || origin === 'set') return `takes ${amount} ${limit === 1 ? 'entry' : 'entries'}`
  if (origin === 'string') return limit === 1 ? 'must not be empty' : `has ${amount} characters`
  return `must be ${amount}`
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'empty',
}

const sayType = (type: string): string => TYPE_WORDS[type] ?? type

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/** The commonest slips: a quantity without its unit, a number where text belongs, and the booleans of YAML 1.1. */
function slipHint(expected: string, value: unknown, path: Path): string {
  if (expected === 'string' && typeof value === 'number' && ['memory', 'size'].includes(String(path.at(-1))))
    return `; give it a unit, like ${value}Gi`
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return `; put it in quotes: "${value}"`
  if (expected === 'boolean' && typeof value === 'string' && /^(yes|no|on|off)$/i.test(value))
    return `; write ${/^(yes|on)$/i.test(value)}`
  return ''
}
