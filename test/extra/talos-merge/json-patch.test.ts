import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { seededRandom } from '#test/support/random.ts'
import { askPeer, peersOf, print } from '../talos-generate/peer.ts'
import { randomJsonPatchCase } from './random-json-patch.ts'

/**
 * Random JSON patches (RFC 6902) through Talos' own patcher, where there are binaries of test/extra/talos-merge. Both give
 * the same document or both refuse. Talos does not look at what such a patch leaves behind before the node reads it, so
 * what its loader refuses then counts as refused. A path without a slash, which its library takes for another, and an
 * apiVersion that does not exist are refused by us alone.
 */
const PEERS = peersOf('LANLINE_TALOS_MERGE')
const CASES = Number(process.env['LANLINE_TALOS_JSON_CASES'] ?? '3000')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_JSON_SEED'] ?? '1')
const ONLY_OURS = /begins with \/|there is no document machine\//
/** What the loader refuses and a merge does not: values, and fields of a newer Talos. Validation meets them. */
const ABOUT_VALUES = /invalid|pars|netip|unknown disk size|illegal base64|unknown keys|error decoding/i

const read = (text: string): unknown => [...parseAllDocuments(text)].map((document) => document.toJS() as unknown)

describe.each(PEERS)('$variable', ({ program, library }) => {
  test('JSON patches do what they do upstream, and fail where they fail there', { timeout: 300_000 }, ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-merge')
    const load = (configs: readonly string[]) =>
      askPeer(
        program,
        configs.map((Config) => ({ Config, Load: true })),
      )
    const made = Array.from({ length: CASES }, (_, index) => ({
      seed: FIRST_SEED + index,
      ...randomJsonPatchCase(seededRandom(FIRST_SEED + index)),
    }))
    // A kind that this Talos does not have yet cannot be patched by it.
    const loaded = load(made.map(({ config }) => config))
    const cases = made.filter((_, index) => loaded[index]?.Err === '')
    const theirs = askPeer(
      program,
      cases.map(({ config, patches }) => ({ Config: config, Patches: patches })),
    )
    const ours = cases.map(({ config, patches }) => applyPatches(config, patches, library))
    const theirsRead = load(theirs.map(({ Out }) => Out))
    const oursRead = load(ours.map((result) => (result.ok ? result.value : '')))

    const counts = { equal: 0, refusedByBoth: 0, refusedWhenRead: 0, onlyOurs: 0, values: 0 }
    const different = cases.flatMap((each, index) => {
      const [their, our] = [theirs[index]!, ours[index]!]
      const [theirText, ourText] = [theirsRead[index]!, oursRead[index]!]
      const refusal = their.Err || theirText.Err
      if (!our.ok) {
        const said = sayPatchProblem(our.error)
        if (their.Err !== '') counts.refusedByBoth += 1
        else if (theirText.Err !== '') counts.refusedWhenRead += 1
        else if (ONLY_OURS.test(said)) counts.onlyOurs += 1
        else return [{ ...each, why: `only we refuse: ${said}`, our: '', their: their.Out }]
      } else if (refusal !== '') {
        if (!/rfc6902/.test(refusal) && ABOUT_VALUES.test(refusal)) counts.values += 1
        else return [{ ...each, why: `only Talos refuses: ${refusal}`, our: our.value, their: '' }]
      } else if (isDeepStrictEqual(read(theirText.Out), read(ourText.Out))) counts.equal += 1
      else return [{ ...each, why: `different ${ourText.Err}`, our: our.value, their: their.Out }]
      return []
    })
    print(
      `extra: Talos ${library} JSON patches: ${cases.length} cases, ${JSON.stringify(counts)}, ${different.length} different`,
    )
    const [first] = different.toSorted((a, b) => a.config.length - b.config.length)
    if (first)
      print(
        `seed ${first.seed}: ${first.why}\n${first.config}\n=== ${first.patches.join('\n===\n')}\n=== ours\n${first.our}\n=== theirs\n${first.their}`,
      )
    expect(different.map(({ seed, why }) => `${seed} ${why}`)).toEqual([])
  })
})
