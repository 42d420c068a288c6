import { InvalidArgumentError } from 'commander'
import { stringify } from 'yaml'

/** The forms of `-o`. */
export const FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const
export type Format = (typeof FORMATS)[number]

export function readFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text)
  if (!format) throw new InvalidArgumentError(`It is one of ${FORMATS.join(', ')}.`)
  return format
}

export const toJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** One document each, so that the text can be cut apart and read by any YAML tool. */
export const toYaml = (values: readonly unknown[]): string =>
  values.map((value) => stringify(value, { lineWidth: 0 }).trimEnd()).join('\n---\n')
