import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { ServiceAccountView } from '../api/identity-views.ts'
import { listAll } from '../api/list.ts'
import type { Failure } from '../failure.ts'
import { renderTable } from '../output/table.ts'
import { sayAge } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

/** `lanline service-account`: programs that have rights of their own. */
export function registerServiceAccount(program: Command, run: Run): void {
  const accounts = program.command('service-account').description('accounts of programs: create, list, delete')
  accounts
    .command('create')
    .description('make an account; give it a role with lanline role grant')
    .argument('<name>')
    .action((name: string) => run((session) => send(session, name, 'created')))
  accounts
    .command('list', { isDefault: true })
    .description('list accounts')
    .action(() => run((session) => list(session)))
  accounts
    .command('delete')
    .description('remove an account with its tokens and roles')
    .argument('<name>')
    .action((name: string) => run((session) => send(session, name, 'deleted')))
}

async function send(
  { io, connect }: Session,
  name: string,
  what: 'created' | 'deleted',
): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const answer = await api.value.call(
    what === 'created'
      ? { method: 'POST', path: pathOf('service-accounts'), body: { name }, answer: ServiceAccountView }
      : { method: 'DELETE', path: pathOf('service-accounts', name), answer: ServiceAccountView },
  )
  if (!answer.ok) return failed(io, answer.error)
  io.out(`service-account/${name} ${what}`)
  return ok(undefined)
}

async function list({ io, connect }: Session): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await listAll(api.value, pathOf('service-accounts'), ServiceAccountView)
  if (!found.ok) return failed(io, found.error)
  const { items } = found.value
  const now = io.now()
  const columns = [
    { title: 'NAME', cell: (row: ServiceAccountView) => row.name },
    { title: 'AGE', cell: (row: ServiceAccountView) => sayAge(now - Date.parse(row.createdAt)) },
  ]
  if (items.length === 0) io.say('None found.')
  else for (const line of renderTable(columns, items)) io.out(line)
  return ok(undefined)
}
