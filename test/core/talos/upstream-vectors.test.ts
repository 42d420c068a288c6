import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { meaningOf, upstreamBundle, upstreamInput } from '#test/support/upstream-config.ts'
import { readVector } from '#test/support/vectors.ts'
import { TALOS_CONTRACTS } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'

/** What upstream's generator wrote for the same inputs and secrets, for every contract. */
const CASES = TALOS_CONTRACTS.flatMap((contract) =>
  (['base', 'overrides'] as const).flatMap((which) =>
    (['controlplane', 'worker'] as const).map((role) => [contract, which, role] as const),
  ),
)

let equal = 0
let identical = 0
afterAll(() => {
  process.stdout.write(
    `vectors: ${equal} of ${CASES.length} generated configurations are equal in meaning, ${identical} to the byte\n`,
  )
})

describe('machine configuration', () => {
  test.for(CASES)('contract %s, %s, %s equals what upstream generates', ([contract, which, role], context) => {
    const golden = readVector(`talos/generate/v${contract}/${which}-${role}.yaml`, context)
    const text = renderMachineConfig(upstreamInput(contract, which, role, upstreamBundle(context)))
    const rendered = meaningOf(text)
    expect(which === 'base' ? rendered : rendered.map((document) => patched(document, contract))).toEqual(
      meaningOf(golden),
    )
    equal++
    if (text === golden) identical++
  })

  test('there are vectors for every contract, where there are vectors', ({ skip }) => {
    const folder = resolve(import.meta.dirname, '../../../../shared/vectors/talos/generate')
    if (!existsSync(folder)) skip('no vectors')
    for (const contract of TALOS_CONTRACTS) expect(existsSync(`${folder}/v${contract}`)).toBe(true)
  })
})

/** The patch that upstream applies on top of its overrides, by hand: what is compared here is the generator. */
function patched(document: unknown, contract: string): unknown {
  const copy = structuredClone(document) as {
    kind?: string
    clusterDNS?: string[]
    machine?: { kubelet?: Record<string, unknown> }
  }
  if (contract === '1.14' && copy.kind === 'KubeletConfig') copy.clusterDNS = ['3.3.3.3']
  if (contract !== '1.14' && copy.machine?.kubelet)
    copy.machine.kubelet['extraMounts'] = [
      { source: '/var/opt', destination: '/var/opt', type: 'bind', options: ['rshared'] },
    ]
  return copy
}
