import { parseAllDocuments } from 'yaml'
import { describe, expect, test } from 'vitest'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { validateConfig } from '#core/talos/validate/validate-config.ts'
import { KINDS, randomDocument, toYaml } from '#test/core/talos/merge/random-config.ts'
import { aFullConfigInput } from '#test/support/full-config-input.ts'
import { seededRandom, type Random } from '#test/support/random.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { askPeer, PEERS, print } from './peer.ts'

/**
 * Random configurations, most of them wrong in one place, judged by us and by Talos' own library: neither takes what the
 * other refuses.
 */
const CASES = Number(process.env['LANLINE_TALOS_REFUSE_CASES'] ?? '3000')
const FIRST_SEED = Number(process.env['LANLINE_TALOS_REFUSE_SEED'] ?? '1')

/** What a workstation cannot know and a node looks at, and values that make a machine that nobody can use. */
const ONLY_ON_A_NODE =
  /needs a tag that says|acceptedCAs is empty|issuingCA is missing|machine\.ca\.crt is missing|is not a mapping$|is not a text$|is not a duration|base64 of 32 bytes|machine.type is missing/
/** The details of containers, and what the parts of Kubernetes find. */
const BEYOND_US = /ContainerConfig|illegal base64|unsupported pod resource|overlaps with|manifest name is invalid/

type Plain = ReturnType<typeof randomDocument>[string]

function aConfig(random: Random, contract: TalosContract, bundle: SecretsBundle): string {
  const role = random.pick(['controlplane', 'worker'] as const)
  const base = renderMachineConfig(aFullConfigInput(contract, role, bundle))
  if (random.chance(0.5)) return `${base}---\n${toYaml([randomDocument(random, random.pick(KINDS), false)])}`
  const documents = [...parseAllDocuments(base)].map((each) => each.toJS() as Record<string, Plain>)
  for (let count = 1 + random.int(2); count > 0; count--) spoil(random, random.pick(documents))
  return toYaml(documents)
}

const WRONG: readonly Plain[] = [
  '',
  'x',
  0,
  1,
  -1,
  99999,
  true,
  null,
  [],
  {},
  ['a'],
  [null],
  { a: 'b' },
  '10.0.0.0/8',
  'https://a:1',
  '1h',
]

/** One member somewhere in it is taken away, doubled in a list, renamed or given another value. */
function spoil(random: Random, value: Plain): void {
  if (typeof value !== 'object' || value === null) return
  const keys = Object.keys(value)
  const key = keys.length > 0 ? random.pick(keys) : ''
  const holder = value as Record<string, Plain>
  const inner = holder[key]
  if (typeof inner === 'object' && inner !== null && random.chance(0.75)) return spoil(random, inner)
  if (Array.isArray(value)) {
    if (random.chance(0.5)) value.push(random.pick([random.pick(WRONG), ...value]))
    else value.splice(Number(key), 1, random.pick(WRONG))
    return
  }
  if (random.chance(0.3)) delete holder[key]
  else if (random.chance(0.2)) holder[`${key}x`] = inner ?? null
  else holder[key] = random.pick(WRONG)
}

describe.each(PEERS)('$variable', (peer) => {
  test('refuses what we refuse, and takes what we take', { timeout: 600_000 }, async ({ skip }) => {
    if (peer.program === undefined) return skip('needs test/extra/talos-generate')
    const bundle = await aBundle()
    const configs = Array.from({ length: CASES }, (_, index) =>
      aConfig(seededRandom(FIRST_SEED + index), peer.library, bundle),
    )
    const answers = askPeer(
      peer.program,
      configs.map((Text) => ({ Op: 'validate', Text, Mode: 'cloud' })),
    )
    const results = configs.map((config, index) => {
      const role = /type: worker/.test(config) ? 'worker' : 'controlplane'
      const faults = validateConfig(config, { minor: peer.library, role })
      const [fault] = faults
      const ours = fault ? `${fault.document} ${fault.field} ${fault.message}` : ''
      return { seed: FIRST_SEED + index, config, ours, theirs: answers[index]!.Err.replaceAll(/\s+/g, ' ') }
    })
    const strict = results.filter(({ ours, theirs }) => ours !== '' && theirs === '' && !ONLY_ON_A_NODE.test(ours))
    const lax = results.filter(({ ours, theirs }) => ours === '' && theirs !== '' && !BEYOND_US.test(theirs))
    const refused = results.filter(({ theirs }) => theirs !== '').length
    print(
      `extra: Talos ${peer.library}: ${results.length} judged, ${refused} refused there; ` +
        `only we refuse ${strict.length}, only Talos refuses ${lax.length}`,
    )
    for (const { seed, theirs } of lax) print(`only Talos refuses ${seed}: ${theirs}`)
    expect(strict.map(({ seed, ours }) => `${seed}: ${ours}`)).toEqual([])
    expect(lax.map(({ seed, theirs }) => `${seed}: ${theirs}`)).toEqual([])
  })
})
