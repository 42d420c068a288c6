import { describe, expect, test } from 'vitest'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import type { ExpressionKind } from '#core/talos/validate/expression-names.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { documentWith, randomExpression, REFUSED, TAKEN } from '#test/core/talos/validate/expressions.ts'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { seededRandom } from '#test/support/random.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { askPeer, PEERS, print } from './peer.ts'

/** Expressions judged by us and by the compiler of Talos: the tables of the test beside our checks, and random ones. */
const CASES = Number(process.env['LANLINE_TALOS_EXPRESSION_CASES'] ?? '3000')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_EXPRESSION_SEED'] ?? '1')
const KINDS: readonly ExpressionKind[] = ['disk', 'volume', 'member', 'link', 'oom-trigger', 'oom-ranking']

describe.each(PEERS)('$variable', ({ program, library }) => {
  test('takes the expressions that we take, and no others', { timeout: 600_000 }, async ({ skip }) => {
    if (program === undefined) return skip('needs test/extra/talos-generate')
    const base = renderMachineConfig({
      ...aConfigInput(await aBundle(), { cluster: { kubernetesVersion: 'v1.34.2' } }),
      contract: library,
    })
    const random = Array.from({ length: CASES }, (_, index) => {
      const source = seededRandom(FIRST_SEED + index)
      const kind = source.pick(KINDS)
      return [kind, randomExpression(source, kind)] as const
    })
    const cases = [...TAKEN, ...REFUSED, ...random].filter(([kind]) => kind !== 'member' || library === '1.14')
    const configs = cases.map(
      ([kind, expression]) => `${base}---\napiVersion: v1alpha1\n${documentWith(kind, expression)}`,
    )
    const theirs = askPeer(
      program,
      configs.map((Text) => ({ Op: 'validate', Text, Mode: 'cloud' })),
    )
    const results = configs.map((config, index) => {
      const [fault] = validateConfig(config, { minor: library, role: 'controlplane' })
      return {
        expression: cases[index]!.slice(0, 2).join(': '),
        ours: fault?.message ?? '',
        theirs: theirs[index]!.Err,
      }
    })
    const strict = results.filter(({ ours, theirs: their }) => ours !== '' && their === '')
    const lax = results.filter(({ ours, theirs: their }) => ours === '' && their !== '')
    const taken = results.filter(({ ours, theirs: their }) => ours === '' && their === '').length
    print(
      `extra: Talos ${library} expressions: ${results.length} judged, ${taken} taken by both; ` +
        `only we refuse ${strict.length}, only Talos refuses ${lax.length}`,
    )
    expect(strict.map(({ expression, ours }) => `${expression}: ${ours}`)).toEqual([])
    expect(lax.map(({ expression, theirs: their }) => `${expression}: ${their.replaceAll(/\s+/g, ' ')}`)).toEqual([])
  })
})
