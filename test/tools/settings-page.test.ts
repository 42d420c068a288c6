import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { patchListsOf } from '#core/check/patches.ts'
import { ClusterSpec } from '#core/model/cluster.ts'
import { KubernetesSettings } from '#core/model/talos-kubernetes.ts'
import { NodeSettings, TalosSettings } from '#core/model/talos-settings.ts'
import { crossCheck } from '#cli/documents/cross-check.ts'
import { readDocuments } from '#cli/documents/read.ts'
import { patchFaults } from '#cli/talos/patch-faults.ts'
import { readText, tableRows } from '#test/support/repository.ts'
import { REPOSITORY } from '#test/support/run-cli.ts'

/** docs/talos-settings.md and the example say all that a cluster may say. */
const below = (prefix: string, fields: object): readonly string[] =>
  Object.keys(fields).map((key) => `${prefix}.${key}`)
const fields = [
  ...below('talos', TalosSettings.shape),
  'talos.patches',
  ...below('kubernetes', KubernetesSettings.shape),
  ...below('controlPlane', NodeSettings.shape),
  'machinePatches',
]
const NAME = 'examples/talos-settings.yaml'
const example = readDocuments([{ name: `${REPOSITORY}${NAME}`, text: readFileSync(`${REPOSITORY}${NAME}`, 'utf8') }])
const documents = example.ok ? example.value.map(({ document }) => document) : []
const spec = documents.find((document) => document.kind === 'Cluster')?.spec

test('every setting is described, and no other', () => {
  const described = tableRows(readText('docs/talos-settings.md'))
    .map(([cell = '']) => cell.replaceAll('`', ''))
    .filter((cell) => /^[a-z][A-Za-z]*(\.[A-Za-z]+)?$/.test(cell))
  expect(described.toSorted()).toEqual([...fields].toSorted())
})

test('the example uses every setting and every level of patches, and nothing is wrong with it', () => {
  expect(crossCheck(documents)).toEqual({ errors: [], notes: [] })
  expect(patchFaults(documents)).toEqual([])
  const used = fields.filter((field) => {
    const [part = '', key] = field.split('.')
    const holder: unknown = spec && Reflect.get(spec, part)
    return key === undefined ? holder !== undefined : Object.hasOwn(Object(holder) as object, key)
  })
  expect(used).toEqual(fields)
  expect(ClusterSpec.safeParse(spec).success).toBe(true)
  expect(spec && patchListsOf(spec).map(({ patches }) => patches.length)).toEqual([4, 1, 1])
})
