import { describe, expect, test } from 'vitest'
import { PLATFORMS, type PlatformName } from '#core/talos/platforms.ts'
import type { MachineConfigInput } from '#core/talos/machine-config-input.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'
import { aFullConfigInput, variedInputs } from '#test/support/full-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { askPeer, PEERS, print } from './peer.ts'

const MODES = ['cloud', 'metal', 'container'] as const

/** A container has no disk to install to and no kernel of its own, and needs the host's DNS. */
const fits = (mode: (typeof MODES)[number], name: string, input: MachineConfigInput): boolean =>
  mode === 'cloud' ||
  (mode === 'metal' && input.machine.installDisk !== undefined) ||
  (mode === 'container' && name !== 'no host DNS')

describe.each(PEERS)('$variable', (peer) => {
  test(
    'takes everything we render, strictly and in every mode that it fits',
    { timeout: 300_000 },
    async ({ skip }) => {
      if (peer.program === undefined) return skip('needs test/extra/talos-generate')
      const bundle = await aBundle()
      const asked: { name: string; request: object }[] = []
      for (const contract of peer.contracts)
        for (const role of ['controlplane', 'worker'] as const)
          for (const platform of Object.keys(PLATFORMS) as PlatformName[]) {
            const inputs = [
              ['everything', aFullConfigInput(contract, role, bundle)],
              ...variedInputs(contract, role, bundle),
            ] as const
            for (const [name, given] of inputs) {
              const installDisk =
                given.machine.installDisk ?? (PLATFORMS[platform].installs ? { path: '/dev/sda' } : undefined)
              const input = { ...given, machine: { ...given.machine, platform, installDisk } }
              const Text = renderMachineConfig(input)
              for (const Mode of MODES.filter((mode) => fits(mode, name, input)))
                asked.push({
                  name: `${contract} ${role} ${platform} ${Mode}: ${name}`,
                  request: { Op: 'validate', Text, Mode, Strict: true },
                })
            }
          }
      const answers = askPeer(
        peer.program,
        asked.map(({ request }) => request),
      )
      const refused = asked.flatMap(({ name }, index) => {
        const { Err, Warnings } = answers[index]!
        return Err === '' && (Warnings ?? []).length === 0 ? [] : [`${name}: ${Err} ${(Warnings ?? []).join()}`]
      })
      print(`extra: Talos ${peer.library} takes ${asked.length - refused.length} of ${asked.length} strictly`)
      expect(refused.slice(0, 20)).toEqual([])
    },
  )
})
