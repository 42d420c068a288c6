import { describe, expect, test } from 'vitest'
import { readVector } from '#test/support/vectors.ts'
import { readInventory } from '#tools/proxmox-endpoints.ts'

/** The calls that the product makes, held to the API that Proxmox declares. */
const { endpoints, unread } = readInventory()
const paths = endpoints.map(({ path }) => path)

interface Node {
  readonly path: string
  readonly info?: Readonly<Record<string, { readonly parameters?: { readonly properties?: object } }>>
  readonly children?: readonly Node[]
}
const parts = (path: string): string => path.replace(/\{[^}]*\}/g, '{}')
const flat = (nodes: readonly Node[]): readonly Node[] => nodes.flatMap((node) => [node, ...flat(node.children ?? [])])

describe('the calls of the product', () => {
  test('can all be read from its sources', () => {
    expect(unread).toEqual([])
    expect(new Set(paths).size).toBeGreaterThan(20)
  })

  test('change nothing outside the provider: whoever only looks only reads', () => {
    const writes = endpoints.filter(({ method }) => method !== 'GET')
    expect(writes.filter(({ file }) => !file.startsWith('agent/providers/proxmox/'))).toEqual([])
  })

  test('[pitfall 46] make and roll back no snapshot, which would give etcd a member from the past', () => {
    expect(paths.filter((path) => /snapshot|rollback|vzdump|backup/.test(path))).toEqual([])
  })

  test('[pitfall 48] ask for neither groups nor rules of HA, which differ between releases', () => {
    expect(paths.filter((path) => path.includes('/ha/'))).toEqual(['/cluster/ha/resources/{}'])
  })
})

describe.each([
  ['9.2', 'proxmox/pve-api-schema.json'],
  ['8.4', 'proxmox/pve-api-schema-8.4.json'],
])('the schema of %s', (release, file) => {
  test('declares every call and every parameter that stands in it', (context) => {
    const tree = (JSON.parse(readVector(file, context)) as { tree: readonly Node[] }).tree
    const declared = new Map(flat(tree).map((node) => [parts(node.path), node.info ?? {}]))
    const wrong = endpoints.flatMap(({ method, path, parameters }) => {
      const call = declared.get(path)?.[method]
      if (!call) return [`${method} ${path}`]
      const known = call.parameters?.properties ?? {}
      return parameters.filter((name) => !(name in known)).map((name) => `${method} ${path} ${name}`)
    })
    expect(wrong).toEqual([])
    const calls = new Set(endpoints.map(({ method, path }) => `${method} ${path}`))
    process.stdout.write(`endpoints: ${calls.size} calls of the product are declared by ${release}\n`)
  })
})
