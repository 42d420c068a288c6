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
import { patchFaults } from '../talos/patch-faults.ts'
import { readSecrets, readText, sayStdinTwice } from '../talos/read-text.ts'
import { renderMachines, type RenderedMachine } from '../talos/render-machines.ts'
import { writeTogether } from '../talos/write-together.ts'
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
    .option('--secrets <file>', 'a secrets.yaml, - is stdin; without it secrets are shown as ******')
    .option('--machine <name>', 'only this machine')
    .option('--contract <minor>', 'of a cluster that was created with an older Talos, as in 1.13', readContract)
    .option('--patch <file...>', 'patches on top, strategic merge or JSON Patch')
    .option('-o, --output <folder>', 'write a file for each machine instead of printing')
    .action((options: RenderOptions) => run((session) => render(session, options)))
}

const NOTHING = 'Nothing was rendered.'

async function render({ io }: Session, options: RenderOptions): Promise<Result<void, Failure>> {
  const twice = sayStdinTwice([...options.filename, ...(options.patch ?? []), options.secrets ?? ''])
  if (twice) return fail(EXIT.usage, twice, NOTHING)
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
    const patch = await readText(name.replace(/^@/, ''))
    if (!patch.ok) return patch
    patches.push(patch.value)
  }

  const rendered = renderMachines(documents, { bundle: bundle?.value, patches, contract: options.contract })
  if (!rendered.ok) return rendered
  const machines = rendered.value.filter(({ machine }) => options.machine === undefined || machine === options.machine)
  if (machines.length === 0) return fail(EXIT.usage, ...sayNone(rendered.value, options.machine))

  if (options.output === undefined) for (const machine of machines) io.out(asText(machine))
  else {
    const files = machines.map(({ cluster, machine, config }) => ({ name: `${cluster}-${machine}.yaml`, text: config }))
    const written = await writeTogether(options.output, files)
    if (!written.ok) return fail(EXIT.failed, written.error, 'Nothing was written.')
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
