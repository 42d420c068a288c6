import { isDeepStrictEqual } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { NEWEST } from '#core/talos/merge/documents.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { LEGACY } from '#core/talos/merge/types/notation.ts'
import { seededRandom } from '#test/support/random.ts'
import { askPeer, peersOf, print } from '../talos-generate/peer.ts'
import { KINDS, randomDocument, toYaml } from '#test/core/talos/merge/random-config.ts'

/**
 * The same random patches through Talos' own patchers, where there are binaries of test/extra/talos-merge. Both must give
 * the same documents, read back by Talos' own loader, and both must refuse the same.
 */
const PEERS = peersOf('LANLINE_TALOS_MERGE')
const CASES = Number(process.env['LANLINE_TALOS_MERGE_CASES'] ?? '2000')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_MERGE_SEED'] ?? '1')

/** Of the differences, the shortest ones are printed. */
const SHOWN = Number(process.env['LANLINE_TALOS_MERGE_SHOWN'] ?? '1')

/** Reasons for which Talos refuses a value and a merge does not: they are found when the result is validated. */
const ABOUT_VALUES =
  /invalid|unable to parse|cannot parse|parsing|ParseAddr|netip|failed to parse|conflicting documents|not settable|panic|could not|unknown|error decoding/i
/** Our tables hold the fields of every minor; an older Talos has nothing to delete at those that came later. */
const NOTHING_TO_DELETE = /failed to delete path/

describe.each(PEERS)('$variable', ({ program, library }) => {
  test('patches do what they do upstream', { timeout: 300_000 }, ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-merge')
    const cases = Array.from({ length: CASES }, (_, index) => {
      const random = seededRandom(FIRST_SEED + index)
      const kinds = [random.chance(0.4) ? LEGACY : random.pick(KINDS), random.pick(KINDS)].filter(
        (kind, at, all) => all.indexOf(kind) === at,
      )
      const config = toYaml(kinds.map((kind) => randomDocument(random, kind, false)))
      const patches = Array.from({ length: 1 + random.int(2) }, () =>
        toYaml(kinds.filter(() => random.chance(0.8)).map((kind) => randomDocument(random, kind, true))),
      ).filter((patch) => patch !== '')
      // Without a patch Talos gives back the text as it is, and not as its loader would write it.
      if (patches.length === 0) patches.push(config)
      return { seed: FIRST_SEED + index, config, patches }
    })
    const theirs = askPeer(
      program,
      cases.map(({ config, patches }) => ({ Config: config, Patches: patches })),
    )
    const ours = cases.map(({ config, patches }) => applyPatches(config, patches, library))
    const reread = askPeer(
      program,
      ours.map((result) => ({ Config: result.ok ? result.value : '', Load: true })),
    )

    const read = (text: string): unknown => [...parseAllDocuments(text)].map((document) => document.toJS())
    let equal = 0
    let refused = 0
    let notCompared = 0
    const different = cases.flatMap(({ seed, config, patches }, index) => {
      const [their, our, again] = [theirs[index]!, ours[index]!, reread[index]!]
      if (their.Err !== '') {
        if (!our.ok) refused += 1
        else if (ABOUT_VALUES.test(their.Err) || (library !== NEWEST && NOTHING_TO_DELETE.test(their.Err)))
          notCompared += 1
        else return [{ seed, config, patches, why: `upstream refuses: ${their.Err}`, our: our.value, their: '' }]
        return []
      }
      if (!our.ok)
        return [{ seed, config, patches, why: `we refuse: ${sayPatchProblem(our.error)}`, our: '', their: their.Out }]
      if (isDeepStrictEqual(read(their.Out), read(again.Out === '' ? our.value : again.Out))) {
        equal += 1
        return []
      }
      return [
        {
          seed,
          config,
          patches,
          why: `different ${again.Err}`,
          our: again.Out === '' ? our.value : again.Out,
          their: their.Out,
        },
      ]
    })
    print(
      `extra: Talos ${library} merge: ${equal} equal, ${refused} refused by both, ${notCompared} not compared, ${different.length} different`,
    )
    const why = new Map<string, number>()
    for (const each of different) why.set(each.why.slice(0, 100), (why.get(each.why.slice(0, 100)) ?? 0) + 1)
    for (const [reason, count] of why) print(`${count} ${reason}`)
    const smallest = different.toSorted(
      (a, b) => a.config.length + a.patches.join().length - b.config.length - b.patches.join().length,
    )
    for (const first of smallest.slice(0, SHOWN))
      print(
        `seed ${first.seed}: ${first.why}\n${first.config}\n=== patches\n${first.patches.join('\n===\n')}\n=== ours\n${first.our}\n=== theirs\n${first.their}`,
      )
    expect(different).toHaveLength(0)
  })
})
