import { describe, expect, test, type TestContext } from 'vitest'
import { parseProperties } from '#agent/providers/proxmox/parse.ts'
import { readVector } from '#test/support/vectors.ts'
import { CIDATA, FULL, ISO, params } from './a-creation-call.ts'

interface Declared {
  readonly path: string
  readonly info?: {
    readonly POST?: { readonly parameters: { readonly properties: Readonly<Record<string, Property>> } }
  }
  readonly children?: readonly Declared[]
}
interface Property {
  readonly format?: string | Readonly<Record<string, { readonly default_key?: number }>>
  readonly enum?: readonly string[]
  readonly maxLength?: number
}

function declaredBy(file: string, context: TestContext): Readonly<Record<string, Property>> {
  const { tree } = JSON.parse(readVector(`proxmox/${file}`, context)) as { tree: readonly Declared[] }
  const find = (nodes: readonly Declared[]): Declared | undefined => {
    for (const node of nodes) {
      const found = node.path === '/nodes/{node}/qemu' ? node : find(node.children ?? [])
      if (found) return found
    }
    return undefined
  }
  return find(tree)?.info?.POST?.parameters.properties ?? {}
}

describe.for([
  ['pve-api-schema.json', true],
  ['pve-api-schema-8.4.json', false],
] as const)('what is sent for everything at once is declared in %s', ([file, hostTunnelKnown]) => {
  const variants = [{}, { boot: ISO }, { addressing: CIDATA }, { guestAgent: true }]
  const sent = variants.flatMap((changed) =>
    Object.entries(params(FULL, changed, hostTunnelKnown)).filter(([, value]) => value !== undefined),
  )

  test('each parameter, with a value of its list', (context) => {
    const declared = declaredBy(file, context)
    const unknown = sent.filter(([key, value]) => {
      const property = declared[key] ?? declared[key.replace(/\d+$/, '[n]')]
      return !property || (property.enum !== undefined && !property.enum.includes(String(value)))
    })
    expect(unknown).toEqual([])
  })

  test('each key of each property string', (context) => {
    const declared = declaredBy(file, context)
    const unknown = sent.flatMap(([key, value]) => {
      const format = (declared[key] ?? declared[key.replace(/\d+$/, '[n]')])?.format
      if (typeof format !== 'object') return []
      return Object.keys(parseProperties(String(value)))
        .filter((name) => name !== '' && format[name] === undefined)
        .map((name) => `${key}: ${name}`)
    })
    expect(unknown).toEqual([])
  })
})
