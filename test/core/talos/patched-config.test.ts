import { expect, test } from 'vitest'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { patchedMachineConfig } from '#core/talos/patched-config.ts'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'

const A_NULL: unknown = expect.stringContaining('is null')

/**
 * The agent and `lanline render` both come by here. What tells the minors apart is a null where Talos 1.14 wants a map:
 * older ones leave it to the validation.
 */
test.each([
  ['cluster', '1.13', true],
  ['set', '1.13', true],
  ['machine', '1.13', true],
  ['cluster', '1.14', false],
  ['set', '1.14', false],
  ['machine', '1.14', false],
] as const)('patches of the %s merge by the rules of the contract, here %s', async (level, contract, taken) => {
  const input = { ...aConfigInput(await aBundle()), contract: contract satisfies TalosContract }
  const patches = { cluster: [], set: [], machine: [], [level]: ['machine: {files: [~]}'] }
  const config = patchedMachineConfig(input, patches)
  expect(config).toMatchObject(
    taken ? { ok: true } : { ok: false, error: { code: 'patch-refused', facts: { level, reason: A_NULL as unknown } } },
  )
})
