import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LOGIN_PARAMETERS } from '#lab/proxmox/login.ts'
import { tableOf, type Parameter, type ParameterTable } from '#lab/proxmox/parameter.ts'
import type { PropertyFormat } from '#lab/proxmox/property-string.ts'
import { routesOf } from '#lab/proxmox/router.ts'
import * as formats from '#lab/proxmox/vm-formats.ts'

/** The published API schemas against the tables that the lab checks its callers with. */
const SCHEMAS = [
  { release: '9.2', major: 9, file: '../shared/vectors/proxmox/pve-api-schema.json' },
  { release: '8.4', major: 8, file: '../shared/vectors/proxmox/pve-api-schema-8.4.json' },
] as const

interface Declared {
  readonly type?: string
  readonly optional?: number | string
  readonly enum?: readonly string[] | null
  readonly minimum?: number | string
  readonly maximum?: number | string
  readonly minLength?: number
  readonly maxLength?: number
  readonly requires?: string
  readonly alias?: string
  readonly keyAlias?: string
  readonly default_key?: number
  readonly format?: string | Readonly<Record<string, Declared>>
}
interface Node {
  readonly path: string
  readonly info?: Readonly<
    Record<string, { readonly parameters?: { readonly properties?: Readonly<Record<string, Declared>> } }>
  >
  readonly children?: readonly Node[]
}

const number = (value: number | string | undefined): number | undefined =>
  value === undefined ? undefined : Number(value)

const theirs = (declared: Declared): unknown => ({
  type: declared.type,
  optional: Number(declared.optional ?? 0) === 1,
  choices: declared.enum?.map(String),
  minimum: number(declared.minimum),
  maximum: number(declared.maximum),
  minLength: declared.minLength,
  maxLength: declared.maxLength,
  requires: declared.requires,
})

const ours = (parameter: Parameter): unknown => ({
  type: parameter.type,
  optional: parameter.optional,
  choices: parameter.choices,
  minimum: parameter.minimum,
  maximum: parameter.maximum,
  minLength: parameter.minLength,
  maxLength: parameter.maxLength,
  requires: parameter.requires,
})

function differences(table: ParameterTable, declared: Readonly<Record<string, Declared>>): string[] {
  const names = [...new Set([...Object.keys(table), ...Object.keys(declared)])].sort()
  return names.flatMap((name) => {
    const [mine, published] = [table[name], declared[name]]
    const a = JSON.stringify(mine && ours(mine))
    const b = JSON.stringify(published && theirs(published))
    return a === b ? [] : [`${name}: ours ${a}, published ${b}`]
  })
}

function readSchema(file: string): Map<string, Node> {
  const tree = (JSON.parse(readFileSync(file, 'utf8')) as { tree: readonly Node[] }).tree
  const nodes = new Map<string, Node>()
  const walk = (node: Node): void => {
    nodes.set(node.path, node)
    node.children?.forEach(walk)
  }
  tree.forEach(walk)
  return nodes
}

describe.each(SCHEMAS)('the published API schema of $release', ({ major, file }) => {
  const present = existsSync(file)
  if (!present) process.stdout.write(`schema: did not run, ${file} is not here\n`)
  const nodes = present ? readSchema(file) : new Map<string, Node>()
  const propertiesOf = (method: string, path: string): Readonly<Record<string, Declared>> | undefined =>
    nodes.get(path)?.info?.[method]?.parameters?.properties
  const served = routesOf(major).map((route) => [`${route.method} ${route.path}`, route] as const)
  if (present) process.stdout.write(`schema: ${served.length} calls are checked against ${file}\n`)

  test.skipIf(!present).each(served)('%s declares the same parameters', (_, route) => {
    const node = nodes.get(route.path)?.info?.[route.method]
    expect(node, 'is a call of the real API').toBeDefined()
    expect(differences(route.parameters, propertiesOf(route.method, route.path) ?? {})).toEqual([])
  })

  test.skipIf(!present)('the login declares the same parameters', () => {
    expect(differences(LOGIN_PARAMETERS, propertiesOf('POST', '/access/ticket') ?? {})).toEqual([])
  })

  const strings: readonly (readonly [string, PropertyFormat])[] = [
    ['net[n]', formats.nicFormat],
    ['efidisk0', formats.efiFormat],
    ['tpmstate0', formats.tpmFormat],
    ['agent', formats.agentFormat],
    ['machine', formats.machineFormat],
    ['vga', formats.vgaFormat],
    ['memory', formats.memoryFormat],
    ['numa[n]', formats.numaFormat],
  ]
  test.skipIf(!present).each(strings)('the property string of %s has the same keys', (name, format) => {
    const published = propertiesOf('POST', '/nodes/{node}/qemu')?.[name]?.format
    const keys = Object.entries(typeof published === 'object' ? published : {}).filter(
      ([, each]) => each.alias === undefined,
    )
    expect(differences(tableOf(format.keys, major), Object.fromEntries(keys))).toEqual([])
    expect(format.defaultKey).toBe(keys.find(([, each]) => each.default_key === 1)?.[0])
  })

  test.skipIf(!present)('every kind of drive knows the keys that the lab reads', () => {
    const published = propertiesOf('POST', '/nodes/{node}/qemu')?.['scsi[n]']?.format
    const known = typeof published === 'object' ? published : {}
    expect(Object.keys(tableOf(formats.driveFormat.keys, major)).filter((key) => !(key in known))).toEqual([])
  })
})
