import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { plural, printable, sayDuration } from '../output/text.ts'
import { ApplyView, type PlanView } from '../api/views.ts'
import type { ApiError } from '../api/problem.ts'
import { problemFailure } from '../api/problem.ts'
import { locateApiErrors } from '../documents/api-errors.ts'
import { issuesOf, readForCommand, type ReadDocument } from '../documents/read.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { waitFor, type Goal } from '../live/wait.ts'
import { timeoutOption } from '../timeout-option.ts'
import { failed, type Run, type Session } from '../session.ts'
import { patchFaults } from '../talos/patch-faults.ts'
import { renderIssues } from '../yaml/report.ts'

interface ApplyOptions {
  readonly filename: readonly string[]
  readonly dryRun?: true
  readonly wait?: true
  readonly timeout: number
}

/** `lanline apply -f FILE…`: all documents of all files, or none. */
export function registerApply(program: Command, run: Run): void {
  program
    .command('apply')
    .description('make the sites, networks, classes and clusters of files so')
    .requiredOption('-f, --filename <file...>', 'YAML files or folders; - is stdin')
    .option('--dry-run', 'check and plan, change nothing')
    .option('--wait', 'show what happens until the clusters are ready')
    .addOption(timeoutOption())
    .action((options: ApplyOptions) => run((session) => apply(session, options)))
}

async function apply({ io, connect }: Session, options: ApplyOptions): Promise<Result<void, Failure>> {
  const read = await readForCommand(options.filename, io.style, 'Nothing was applied.')
  if (!read.ok) return read
  const issues = issuesOf(read.value, patchFaults(read.value.map(({ document }) => document)))
  if (issues.length > 0) return fail(EXIT.usage, ...renderIssues(issues, io.style), 'Nothing was applied.')
  const api = await connect()
  if (!api.ok) return api

  const answer = await api.value.call({
    method: 'POST',
    path: '/v1/apply',
    query: { dryRun: options.dryRun ? 'true' : undefined },
    body: { documents: read.value.map(({ document }) => document) },
    answer: ApplyView,
  })
  if (!answer.ok) return applyFailure(io, answer.error, read.value)

  const { results, plans = {}, machinePlans = {} } = answer.value.value
  for (const { kind, name, action } of results)
    io.out(
      `${kind.toLowerCase()}/${name} ${action === 'unchanged' ? io.outStyle.dim(action) : io.outStyle.green(action)}${options.dryRun ? ' (dry run)' : ''}`,
    )
  for (const [cluster, plan] of Object.entries(plans)) sayPlan(io, `Cluster ${cluster}`, plan)
  for (const [machine, plan] of Object.entries(machinePlans)) sayPlan(io, `Machine ${machine}`, plan)
  if (options.dryRun) io.say('Nothing was applied: this was a dry run.')
  if (options.dryRun || !options.wait) return ok(undefined)

  const goals = results
    .filter((result) => result.kind === 'Cluster')
    .map((result): Goal => ({ cluster: result.name, uid: result.uid, until: 'ready', generation: result.generation }))
  if (goals.length === 0) return ok(undefined)
  io.say(
    `Waiting for ${plural(goals.length, 'cluster')}, ${sayDuration(options.timeout)} at most. Ctrl-C stops the waiting, not the work.`,
  )
  return waitFor(api.value, io, goals, options.timeout)
}

/** Errors with a place are shown where they are; the rest is said as the API says it. */
function applyFailure(
  io: Io,
  error: ApiError,
  sent: readonly ReadDocument[],
): { readonly ok: false; readonly error: Failure } {
  if (error.kind !== 'problem') return failed(io, error)
  const sources = sent.map(({ source }) => source)
  const { issues, others } = locateApiErrors(error.problem, sources)
  const failure = problemFailure({ ...error.problem, errors: others.map((message) => ({ message })) }, io.style)
  return {
    ok: false,
    error: { ...failure, lines: [...renderIssues(issues, io.style), ...failure.lines, 'Nothing was applied.'] },
  }
}

/** Where a machine would go; what the others said is worth a line only when there are others. */
function sayPlace(
  io: Io,
  machine: string,
  host: string,
  hosts: NonNullable<PlanView['placement']>[number]['hosts'],
): void {
  const others = hosts.length > 1 ? `  (${hosts.map((each) => `${each.host}: ${each.says}`).join('; ')})` : ''
  io.say(`  ${printable(machine)} → ${printable(host)}${io.style.dim(printable(others))}`)
}

/** What is worth knowing, what will happen, what it waits for. */
function sayPlan(io: Io, whose: string, plan: PlanView): void {
  const { style } = io
  if (plan.findings.length + plan.operations.length + plan.holds.length === 0) return
  io.say('')
  io.say(style.bold(whose))
  for (const finding of plan.findings) io.say(`  ${printable(finding.text)}`)
  for (const { machine, host, hosts } of plan.placement ?? []) sayPlace(io, machine, host, hosts)
  if (plan.operations.length > 0) io.say(`  ${plural(plan.operations.length, 'operation')} to come:`)
  for (const operation of plan.operations) io.say(`    ${operation.kind}  ${printable(operation.subject)}`)
  for (const hold of plan.holds) {
    io.say(`  ${style.yellow('waits:')} ${printable(hold.subject)}  ${printable(hold.text)}`)
    if (hold.unblock) io.say(style.dim(`         ${printable(hold.unblock)}`))
  }
}
