import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import { z } from 'zod'

/**
 * Schematics: what an image is to contain, identified by the SHA-256 of their canonical text. The text has a fixed field
 * order, leaves out what is empty but for `customization` itself, and indents by four, list items included.
 */
const Strings = z.array(z.string()).optional()

const Schematic = z.strictObject({
  owner: z.string().optional(),
  overlay: z
    .strictObject({
      image: z.string().optional(),
      name: z.string().optional(),
      options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    })
    .optional(),
  customization: z
    .strictObject({
      embeddedMachineConfiguration: z.string().optional(),
      extraKernelArgs: Strings,
      meta: z.array(z.strictObject({ key: z.number().int(), value: z.string() })).optional(),
      systemExtensions: z.strictObject({ officialExtensions: Strings }).optional(),
      bootloader: z.string().optional(),
      secureboot: z
        .strictObject({ enrollKeys: z.string().optional(), includeWellKnownCertificates: z.boolean().optional() })
        .optional(),
      diskImage: z.strictObject({ sectorSize: z.number().int().optional() }).optional(),
    })
    .nullish(),
})

const CUSTOMIZATION_ORDER = [
  'embeddedMachineConfiguration',
  'extraKernelArgs',
  'meta',
  'systemExtensions',
  'bootloader',
  'secureboot',
  'diskImage',
]

export interface Schematic {
  readonly id: string
  /** The canonical text, of which the id is the hash. */
  readonly yaml: string
  readonly extensions: readonly string[]
}

/** Undefined when the text is no schematic. */
export function readSchematic(text: string): Schematic | undefined {
  let document: unknown
  try {
    document = parse(text) ?? {}
  } catch {
    return undefined
  }
  const parsed = Schematic.safeParse(document)
  if (!parsed.success) return undefined
  const { owner, overlay, customization } = parsed.data
  const custom = ordered(customization ?? {}, CUSTOMIZATION_ORDER)
  const whole: [string, unknown][] = [
    ...entries({ owner, overlay: overlay && ordered(overlay, ['image', 'name', 'options']) }),
    ['customization', custom],
  ]
  const yaml = write(whole, 0)
  return {
    id: createHash('sha256').update(yaml).digest('hex'),
    yaml,
    extensions: customization?.systemExtensions?.officialExtensions ?? [],
  }
}

const ordered = (object: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.filter((key) => key in object).map((key) => [key, object[key]]))

/** The members that are not empty. */
const entries = (object: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(object)
    .map(([key, value]): [string, unknown] => [key, isObject(value) ? Object.fromEntries(entries(value)) : value])
    .filter(([, value]) => !isEmpty(value))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0)

function write(members: readonly [string, unknown][], depth: number): string {
  const indent = ' '.repeat(depth * 4)
  return members
    .map(([key, value]) => {
      if (Array.isArray(value)) return `${indent}${key}:\n${value.map((item) => writeItem(item, depth + 1)).join('')}`
      if (!isObject(value)) return `${indent}${key}: ${scalar(value)}\n`
      const inner = entries(value)
      return inner.length === 0 ? `${indent}${key}: {}\n` : `${indent}${key}:\n${write(inner, depth + 1)}`
    })
    .join('')
}

function writeItem(item: unknown, depth: number): string {
  const indent = ' '.repeat(depth * 4)
  if (!isObject(item)) return `${indent}- ${scalar(item)}\n`
  const lines = Object.entries(item).map(([key, value]) => `${key}: ${scalar(value)}\n`)
  return lines.map((line, at) => `${indent}${at === 0 ? '- ' : '  '}${line}`).join('')
}

/** Plain where a YAML reader gives the same text back, else quoted. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  const plain = /^[A-Za-z0-9/._@][^\n]*$/.test(value) && !/: |:$| #/.test(value)
  return plain && parse(value) === value ? value : JSON.stringify(value)
}
