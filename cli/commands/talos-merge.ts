import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { applyPatches } from '#core/talos/merge/apply-patches.ts'
import { guessMinor } from '#core/talos/merge/guess-minor.ts'
import { sayPatchProblem } from '#core/talos/merge/patch-problem.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable } from '../output/text.ts'
import type { Run, Session } from '../session.ts'
import { readContract } from '../talos/contract-option.ts'
import { readText, sayStdinTwice } from '../talos/read-text.ts'

/** `lanline talos merge CONFIG PATCH…`: what `talosctl machineconfig patch` prints. */
export function registerTalosMerge(talos: Command, run: Run): void {
  talos
    .command('merge')
    .description('print a machine configuration with patches applied, as Talos applies them')
    .argument('<config>', 'a machine configuration; - is stdin')
    .argument('<patch...>', 'strategic merge patches, or JSON Patches as JSON or YAML; FILE, @FILE or -')
    .option(
      '--contract <minor>',
      'the Talos minor whose rules count (default: as the configuration looks)',
      readContract,
    )
    .action((config: string, patches: readonly string[], options: MergeOptions) =>
      run((session) => merge(session, config, patches, options)),
    )
}

interface MergeOptions {
  readonly contract?: TalosContract
}

async function merge(
  { io }: Session,
  config: string,
  patches: readonly string[],
  { contract }: MergeOptions,
): Promise<Result<void, Failure>> {
  const texts: string[] = []
  const names = [config, ...patches.map((patch) => patch.replace(/^@/, ''))]
  const twice = sayStdinTwice(names)
  if (twice) return fail(EXIT.usage, twice, 'Nothing was merged.')
  for (const name of names) {
    const text = await readText(name)
    if (!text.ok) return text
    texts.push(text.value)
  }
  const [text = '', ...patchTexts] = texts
  const merged = applyPatches(text, patchTexts, contract ?? guessMinor(text))
  if (!merged.ok) {
    const file = merged.error.patch === undefined ? config : (patches[merged.error.patch] ?? '')
    return fail(EXIT.usage, `${file}: ${printable(sayPatchProblem(merged.error))}`, 'Nothing was merged.')
  }
  io.out(merged.value.trimEnd())
  return ok(undefined)
}
