import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { OperationId } from '#core/model/ids.ts'
import { pathOf } from '../api/client.ts'
import { listAll } from '../api/list.ts'
import { OperationView } from '../api/views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { operationColumns } from '../output/columns.ts'
import { readFormat, toJson, toYaml, type Format } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { failed, type Run, type Session } from '../session.ts'

interface ListOptions {
  readonly cluster?: string
  readonly output: Format
}

/** `lanline operations [list]`, and the two things a person can decide about a failed one. */
export function registerOperations(program: Command, run: Run): void {
  const operations = program.command('operations').description('what is being done, and what failed')
  operations
    .command('list', { isDefault: true })
    .description('list operations, by cluster, newest first')
    .option('--cluster <name>', 'of this cluster only')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', readFormat, 'table')
    .action((options: ListOptions) => run((session) => list(session, options)))
  operations
    .command('retry')
    .description('give a failed operation a new budget of attempts')
    .argument('<id>')
    .action((id: string) => run((session) => decide(session, id, 'retry')))
  operations
    .command('abandon')
    .description('close a failed operation for good')
    .argument('<id>')
    .action((id: string) => run((session) => decide(session, id, 'abandon')))
}

async function list({ io, connect }: Session, options: ListOptions): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await listAll(api.value, pathOf('operations'), OperationView, { cluster: options.cluster })
  if (!found.ok) return failed(io, found.error)
  const { items, raw } = found.value
  switch (options.output) {
    case 'json':
      io.out(toJson({ items: raw }))
      break
    case 'yaml':
      if (raw.length > 0) io.out(toYaml(raw))
      break
    case 'name':
      for (const { operationId } of items) io.out(`operation/${operationId}`)
      break
    case 'table':
    case 'wide':
      if (items.length === 0) io.say('None found.')
      else for (const line of renderTable(operationColumns({ now: io.now(), style: io.outStyle }), items)) io.out(line)
  }
  return ok(undefined)
}

const DECIDED = { retry: 'is tried again', abandon: 'is abandoned' } as const

async function decide(
  { io, connect }: Session,
  id: string,
  decision: 'retry' | 'abandon',
): Promise<Result<void, Failure>> {
  if (!OperationId.safeParse(id).success)
    return fail(EXIT.usage, `"${id}" is not the id of an operation.`, 'See: lanline operations')
  const api = await connect()
  if (!api.ok) return api
  const answer = await api.value.call({
    method: 'POST',
    path: pathOf('operations', id, decision),
    answer: OperationView,
  })
  if (!answer.ok) return failed(io, answer.error)
  io.out(`operation/${id} ${DECIDED[decision]}`)
  return ok(undefined)
}
