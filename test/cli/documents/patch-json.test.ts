import fc from 'fast-check'
import { parseDocument } from 'yaml'
import { describe, expect, test } from 'vitest'
import { goYaml, type YamlMembers } from '#core/talos/go-yaml.ts'
import { canonicalConfig } from '#core/talos/machine-config.ts'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { checkOwnedFields } from '#core/talos/merge/check-owned-fields.ts'
import { checkPatchDocument } from '#core/talos/merge/check-patch-document.ts'
import { LEGACY } from '#core/talos/merge/types/notation.ts'
import { patchJson } from '#cli/documents/patch-json.ts'
import { seededRandom } from '#test/support/random.ts'
import { KINDS, randomDocument, toYaml } from '../../core/talos/merge/random-config.ts'

/**
 * What people write is merged by the agent only after it was JSON in between, and judged as JSON in the cloud. Neither may
 * make a difference to what Talos would do with the text itself.
 */
const kindOf = (seed: number): string => (seed % 3 === 0 ? LEGACY : (KINDS[seed % KINDS.length] ?? LEGACY))
const textOf = (kind: string, seed: number, patch: boolean) => toYaml([randomDocument(seededRandom(seed), kind, patch)])
const asJson = (text: string) => {
  const tree = parseDocument(text, { version: '1.2', uniqueKeys: false })
  return JSON.parse(JSON.stringify(patchJson(tree.contents, tree))) as Parameters<typeof checkPatchDocument>[0] &
    YamlMembers
}
const seed = fc.integer({ min: 1, max: 1_000_000 })
const meaningOf = (merged: ReturnType<typeof applyPatches>) => {
  if (!merged.ok) return merged.error.code
  const canonical = canonicalConfig(merged.value)
  return canonical.ok ? canonical.value : 'not a configuration'
}

describe('a patch that was JSON in between', () => {
  test('merges to the same configuration as the text it was written as', () => {
    fc.assert(
      fc.property(seed, seed, (at, other) => {
        const kind = kindOf(at)
        const [config, patch] = [textOf(kind, at, false), textOf(kind, other, true)]
        const merged = meaningOf(applyPatches(config, [goYaml(asJson(patch))]))
        expect(merged).toBe(meaningOf(applyPatches(config, [patch])))
      }),
      { numRuns: 300 },
    )
  })

  test('is refused in the cloud for exactly the owned fields for which its text is refused', () => {
    let refused = 0
    fc.assert(
      fc.property(seed, seed, (at, other) => {
        const kind = kindOf(at)
        const [config, patch] = [textOf(kind, at, false), textOf(kind, other, true)]
        const merged = applyPatches(config, [patch])
        // What does not merge for other reasons may be refused for those.
        if (!merged.ok && merged.error.code !== 'lookup-failed') return
        const owned = checkOwnedFields(patch).flatMap((found) => ('reason' in found ? [found.reason] : []))
        refused += owned.length
        const faults = checkPatchDocument(asJson(patch)).filter(({ path }) => path.at(-1) !== 'passphrase')
        expect(faults.map(({ message }) => message)).toEqual(owned.map((reason) => `is not for patches: ${reason}`))
      }),
      { numRuns: 300 },
    )
    expect(refused).toBeGreaterThan(0)
  })
})
