import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { afterAll, describe, expect, test } from 'vitest'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'

// Data made by Talos itself. It is not part of the project; without it nothing here runs, and the output says so.
const FOLDER = fileURLToPath(new URL('../../../../../shared/vectors/talos/', import.meta.url))
const present = existsSync(FOLDER)
let passed = 0
afterAll(() => {
  process.stdout.write(
    present ? `Talos patch vectors passed: ${passed}\n` : 'Talos patch vectors: not here, so none ran\n',
  )
})

const read = (path: string): string => readFileSync(`${FOLDER}${path}`, 'utf8')
/** A field that is null is a field that is not there; the vectors of upstream keep both. */
const meaning = (text: string): unknown[] =>
  [...parseAllDocuments(text)].map((document) => withoutNull(document.toJS()))
function withoutNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNull)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== null)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNull(member)]))
}

interface Vector {
  readonly config: string
  readonly patches: readonly string[]
  readonly expected: string
}

const strategic = ['001', '002', '003', '004', '005', '006'].map((name): Vector => ({
  config: `strategic-merge/${name}/left.yaml`,
  patches: [`strategic-merge/${name}/right.yaml`],
  expected: `strategic-merge/${name}/expected.yaml`,
}))
const inFolder = (folder: string, config: string, patches: readonly string[], expected = 'expected'): Vector => ({
  config: `patch/${folder}/${config}.yaml`,
  patches: patches.map((patch) => `patch/${folder}/${patch}.yaml`),
  expected: `patch/${folder}/${expected}.yaml`,
})

const VECTORS: readonly Vector[] = [
  ...strategic,
  inFolder('apply', 'config', ['strategic1', 'jsonpatch1', 'jsonpatch2', 'strategic2', 'strategic3']),
  inFolder('apply', 'config', ['strategic4'], 'expected_manifests'),
  inFolder('multidoc', 'config', ['strategic1', 'strategic2', 'strategic3']),
  inFolder('auditpolicy', 'config', ['patch1']),
  inFolder('patchdelete', 'config', ['strategic1']),
  inFolder('patchdelete', 'controlplane_orig', ['strategic2', 'strategic3', 'strategic4'], 'controlplane_expected'),
  inFolder('patchlink', 'base', ['patch']),
  inFolder('patchmixed', 'base', ['patch']),
]

describe.skipIf(!present)('upstream vectors of patches', () => {
  test.each(VECTORS)('$expected is what $config and its patches give', ({ config, patches, expected }) => {
    const merged = applyPatches(read(config), patches.map(read))
    if (!merged.ok) throw new Error(sayPatchProblem(merged.error))
    expect(meaning(merged.value)).toEqual(meaning(read(expected)))
    passed += 1
  })

  test('a JSON patch on several documents is refused', () => {
    const refused = applyPatches(read('patch/multidoc/config.yaml'), [read('patch/multidoc/jsonpatch.yaml')])
    expect(refused).toEqual({ ok: false, error: { code: 'json-patch-multi-document', documentCount: 3, patch: 0 } })
    passed += 1
  })

  test('deleting a field whose holder is missing is refused as a failed lookup', () => {
    const refused = applyPatches(read('patch/patchdeletemissing/config.yaml'), [
      read('patch/patchdeletemissing/strategic1.yaml'),
    ])
    expect(refused).toEqual({
      ok: false,
      error: { code: 'lookup-failed', document: 'v1alpha1', where: 'machine.network.hostname', patch: 0 },
    })
    passed += 1
  })

  test.each(['patch.json', 'patch.yaml'])('%s is taken for a JSON patch', (name) => {
    const refused = applyPatches('machine: {}\n---\napiVersion: v1alpha1\nkind: KubeSpanConfig\n', [
      read(`patch/${name}`),
    ])
    expect(refused).toMatchObject({ ok: false, error: { code: 'json-patch-multi-document' } })
    passed += 1
  })
})
