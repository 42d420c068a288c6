import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { aFullConfigInput, variedInputs } from '#test/support/full-config-input.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { TALOS_CONTRACTS, type TalosContract } from '#core/talos/contracts/contract-for.ts'
import { renderMachineConfig } from '#core/talos/machine-config.ts'

/**
 * Programs made of test/extra/talos-machinery, one per version of Talos' own library: the first is what its go.mod names,
 * the others are built with another version. They need Go, so they are extras.
 */
const PROGRAMS: readonly (readonly [string, TalosContract])[] = [
  ['LANLINE_TALOS_MACHINERY', '1.13'],
  ['LANLINE_TALOS_MACHINERY_1_12', '1.12'],
  ['LANLINE_TALOS_MACHINERY_1_14', '1.14'],
]

describe.each(PROGRAMS)('%s: the library of Talos %s', (variable, library) => {
  test('takes everything we render in its own and in older contracts', { timeout: 120_000 }, async ({ skip }) => {
    const program = process.env[variable]
    if (!program) {
      process.stdout.write(
        `extra: ${variable} is not set (npx node test/extra/build-peers.ts makes it); the check by the library of Talos ${library} did not run\n`,
      )
      return skip('needs test/extra/talos-machinery')
    }
    const bundle = await aBundle()
    const readable = TALOS_CONTRACTS.slice(0, TALOS_CONTRACTS.indexOf(library) + 1)
    const files = new Map<string, string>()
    for (const contract of readable)
      for (const role of ['controlplane', 'worker'] as const) {
        const inputs = [
          ['everything', aFullConfigInput(contract, role, bundle)],
          ...variedInputs(contract, role, bundle),
        ] as const
        for (const [name, input] of inputs)
          files.set(`${contract}-${role}-${name.replaceAll(' ', '-')}.yaml`, renderMachineConfig(input))
      }
    const folder = await mkdtemp(join(tmpdir(), 'lanline-machinery-'))
    try {
      for (const [name, text] of files) await writeFile(join(folder, name), text, { mode: 0o600 })
      const { stdout } = await promisify(execFile)(program, [folder]).catch((error: { stdout: string }) => error)
      const verdicts = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { file: string; error?: string })
      expect(verdicts.filter(({ error }) => error !== undefined)).toEqual([])
      expect(verdicts.length).toBe(files.size)
      process.stdout.write(`extra: the library of Talos ${library} takes ${files.size} configurations\n`)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
