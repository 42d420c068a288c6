import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { crossCheck } from '../documents/cross-check.ts'
import { issuesOf, readForCommand } from '../documents/read.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { plural } from '../output/text.ts'
import type { Run, Session } from '../session.ts'
import { patchFaults } from '../talos/patch-faults.ts'
import { renderIssues } from '../yaml/report.ts'

/** `lanline validate -f FILE…`: everything that can be said without asking the API. */
export function registerValidate(program: Command, run: Run): void {
  program
    .command('validate')
    .description('check files without asking the API')
    .requiredOption('-f, --filename <file...>', 'YAML files or folders; - is stdin')
    .action((options: { filename: readonly string[] }) => run((session) => validate(session, options.filename)))
}

async function validate({ io }: Session, names: readonly string[]): Promise<Result<void, Failure>> {
  const read = await readForCommand(names, io.style, 'Not valid.')
  if (!read.ok) return read
  const documents = read.value.map(({ document }) => document)
  const { errors, notes } = crossCheck(documents)
  const issues = issuesOf(read.value, errors.length > 0 ? errors : patchFaults(documents))
  if (issues.length > 0) return fail(EXIT.usage, ...renderIssues(issues, io.style), 'Not valid.')
  for (const { document } of read.value) io.out(`${document.kind.toLowerCase()}/${document.metadata.name} valid`)
  for (const note of notes) io.say(`note: ${note}`)
  io.say(
    `${plural(read.value.length, 'document')} valid. Whether they fit the site, only the API can say: lanline apply --dry-run ${names.map((name) => `-f ${name}`).join(' ')}`,
  )
  return ok(undefined)
}
