import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { crossCheck } from '../documents/cross-check.ts'
import { issuesOf, readForCommand } from '../documents/read.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { plural } from '../output/text.ts'
import type { Run, Session } from '../session.ts'
import { readContract } from '../talos/contract-option.ts'
import { readSecrets, readText } from '../talos/read-text.ts'
import { patchFaults } from '../talos/patch-faults.ts'
import { renderMachines, type RenderedMachine } from '../talos/render-machines.ts'
import { renderIssues } from '../yaml/report.ts'

interface RenderOptions {
  readonly filename: readonly string[]
  readonly secrets?: string
  readonly machine?: string
  readonly contract?: TalosContract
  readonly patch?: readonly string[]
  readonly output?: string
}

/** `lanline render -f FILE…`: what each machine would be given, without asking anybody. */
export function registerRender(program: Command, run: Run): void {
  program
    .command('render')
    .description('print the Talos configuration that each machine of the files would get')
    .requiredOption('-f, --filename <file...>', 'YAML files or folders; - is stdin')
    .option('--secrets <file>', 'a secrets.yaml; without it secrets are shown as ******')
    .option('--machine <name>', 'only this machine')
    .option('--contract <minor>', 'of a cluster that was created with an older Talos, as in 1.13', readContract)
    .option('--patch <file...>', 'patches on top, strategic merge or JSON Patch')
    .option('-o, --output <folder>', 'write a file for each machine instead of printing')
    .action((options: RenderOptions) => run((session) => render(session, options)))
}

const NOTHING = 'Nothing was rendered.'

async function render({ io }: Session, options: RenderOptions): Promise<Result<void, Failure>> {
  const read = await readForCommand(options.filename, io.style, NOTHING)
  if (!read.ok) return read
  const documents = read.value.map(({ document }) => document)
  const { errors } = crossCheck(documents)
  const issues = issuesOf(read.value, errors.length > 0 ? errors : patchFaults(documents))
  if (issues.length > 0) return fail(EXIT.usage, ...renderIssues(issues, io.style), NOTHING)

  const bundle = options.secrets === undefined ? undefined : await readSecrets(options.secrets)
  if (bundle && !bundle.ok) return bundle
  const patches: string[] = []
  for (const name of options.patch ?? []) {
    const patch = await readText(name)
    if (!patch.ok) return patch
    patches.push(patch.value)
  }

  const rendered = renderMachines(documents, { bundle: bundle?.value, patches, contract: options.contract })
  if (!rendered.ok) return rendered
  const machines = rendered.value.filter(({ machine }) => options.machine === undefined || machine === options.machine)
  if (machines.length === 0) return fail(EXIT.usage, ...sayNone(rendered.value, options.machine))

  if (options.output === undefined) for (const machine of machines) io.out(asText(machine))
  else {
    const written = await writeAll(options.output, machines)
    if (!written.ok) return written
    for (const path of written.value) io.out(path)
  }
  const redacted = bundle ? '' : ' Secrets are shown as ******; give --secrets for the real ones.'
  io.say(
    `${plural(machines.length, 'machine')} rendered. The MAC of each NIC is a placeholder until its site has placed the machine.${redacted}`,
  )
  return ok(undefined)
}

function sayNone(all: readonly RenderedMachine[], name: string | undefined): readonly string[] {
  if (name === undefined || all.length === 0) return ['The files hold no cluster.', NOTHING]
  return [
    `There is no machine "${name}" in these files; there are ${all.map(({ machine }) => machine).join(', ')}.`,
    NOTHING,
  ]
}

/** Several machines follow each other; the comment says where one begins. */
const asText = ({ cluster, machine, config }: RenderedMachine): string =>
  `---\n# ${cluster}/${machine}\n${config.trimEnd()}`

/** For the owner only: a configuration holds the keys of its cluster. */
const FILE_MODE = 0o600

async function writeAll(
  folder: string,
  machines: readonly RenderedMachine[],
): Promise<Result<readonly string[], Failure>> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const paths = machines.map(({ cluster, machine }) => join(folder, `${cluster}-${machine}.yaml`))
    for (const [index, { config }] of machines.entries()) {
      const path = paths[index] ?? ''
      await writeFile(path, config, { mode: FILE_MODE })
      // The mode of a file that was there before stays as it was.
      await chmod(path, FILE_MODE)
    }
    return ok(paths)
  } catch (error) {
    return fail(EXIT.failed, `${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}
