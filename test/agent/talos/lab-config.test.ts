import { expect, test } from 'vitest'
import { aConfigInput } from '#test/support/machine-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { checkConfig } from '#lab/talos/config/check.ts'
import { loadConfig } from '#lab/talos/config/load.ts'

test.each(['controlplane', 'worker'] as const)(
  'the lab’s own reader accepts the configuration of a %s',
  async (role) => {
    const source = renderMachineConfig(aConfigInput(await aBundle(), { machine: { role } }))
    const loaded = loadConfig(source)
    if (!loaded.ok) throw new Error(loaded.error)
    const checked = checkConfig(source, loaded.value, Date.now())
    expect(checked.ok ? 'accepted' : checked.error).toBe('accepted')
  },
)
