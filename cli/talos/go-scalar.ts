import type { Scalar } from 'yaml'
import { goDate } from '#core/talos/go-yaml-date.ts'
import { Spelt, type YamlValue } from '#core/talos/go-yaml.ts'

/**
 * What Go's YAML library takes a scalar for, which is neither YAML 1.1 nor 1.2: `0x10`, `017` and `1_000` are numbers,
 * `yes` is a text unless a truth value is wanted, and a date is a date.
 *
 * Source: go.yaml.in/yaml/v4 at v4.0.0-rc.6, which the Image Factory 1.5.0 reads with.
 */
export type GoScalar = { readonly text: string } & (
  | { readonly is: 'text' | 'null' }
  | { readonly is: 'bool'; readonly value: boolean }
  | { readonly is: 'int'; readonly value: bigint }
  | { readonly is: 'float'; readonly value: number }
  | { readonly is: 'date'; readonly value: string }
)

export function readGoScalar(node: Scalar): GoScalar {
  const quoted = typeof node.value === 'string' && node.type !== 'PLAIN'
  const text = quoted ? String(node.value) : (node.source ?? '')
  if (quoted || node.tag === STRING_TAG) return { text, is: 'text' }
  if (/^(|~|null|Null|NULL)$/.test(text)) return { text, is: 'null' }
  if (/^(true|True|TRUE|false|False|FALSE)$/.test(text)) return { text, is: 'bool', value: /^t/i.test(text) }
  const date = goDate(text)
  if (date !== undefined) return { text, is: 'date', value: date }
  return numberOf(text) ?? { text, is: 'text' }
}

const STRING_TAG = 'tag:yaml.org,2002:str'

const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[1-9][0-9]*|0)$/
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const MAX_UINT64 = 2n ** 64n - 1n
const MIN_INT64 = -(2n ** 63n)

function numberOf(text: string): Extract<GoScalar, { is: 'int' | 'float' }> | undefined {
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text))
    return { text, is: 'float', value: text.startsWith('-') ? -Infinity : Infinity }
  if (/^\.(nan|NaN|NAN)$/.test(text)) return { text, is: 'float', value: NaN }
  if (/^-0(\.0)?$/.test(text)) return { text, is: 'float', value: -0 }
  if (!/^[-+.0-9]/.test(text)) return undefined
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '')
  const [, sign, digits = ''] = INTEGER.exec(plain) ?? []
  if (sign !== undefined) {
    const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
    const value = sign === '-' ? -magnitude : magnitude
    if (value >= MIN_INT64 && value <= MAX_UINT64 && !(sign === '+' && value > MAX_INT64))
      return { text, is: 'int', value }
  }
  return FLOAT.test(plain) ? { text, is: 'float', value: Number(plain) } : undefined
}

const MAX_INT64 = 2n ** 63n - 1n

/** The scalar as Go writes it in a free-form map. */
export function toYamlValue(scalar: GoScalar): YamlValue {
  switch (scalar.is) {
    case 'text':
      return scalar.text
    case 'null':
      return null
    case 'bool':
      return scalar.value
    case 'int':
      return new Spelt(String(scalar.value))
    case 'float':
      return new Spelt(goFloat(scalar.value))
    case 'date':
      return new Spelt(scalar.value)
  }
}

/** The shortest digits that say the number, with an exponent of two digits when it is large or small. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf'
  if (Object.is(value, -0)) return '-0'
  const [mantissa, exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < PLAIN_DIGITS) return String(value)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Go's own: numbers with more digits before the point get an exponent. */
const PLAIN_DIGITS = 6
