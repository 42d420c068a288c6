import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { UserView } from '../api/identity-views.ts'
import { listAll } from '../api/list.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { renderTable, type Column } from '../output/table.ts'
import { sayAge } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

/** `lanline user`: people who have logged in, and shutting one of them out. */
export function registerUser(program: Command, run: Run): void {
  const user = program.command('user').description('people who have logged in: list, disable, enable')
  user
    .command('list', { isDefault: true })
    .description('list people')
    .action(() => run((session) => list(session)))
  for (const act of ['disable', 'enable'] as const)
    user
      .command(act)
      .description(act === 'disable' ? 'shut a person out, with every session and token' : 'let a person in again')
      .argument('<name>', 'as in the list')
      .action((name: string) => run((session) => set(session, name, act)))
}

async function list({ io, connect }: Session): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await listAll(api.value, pathOf('users'), UserView)
  if (!found.ok) return failed(io, found.error)
  const columns: readonly Column<UserView>[] = [
    { title: 'NAME', cell: (user) => user.name },
    { title: 'GROUPS', cell: (user) => user.groups.join(',') },
    { title: 'STATE', cell: (user) => (user.disabledAt === undefined ? 'active' : 'disabled') },
    { title: 'LAST LOGIN', cell: (user) => sayAge(io.now() - Date.parse(user.lastLoginAt)) },
  ]
  if (found.value.items.length === 0) io.say('None found.')
  else for (const line of renderTable(columns, found.value.items)) io.out(line)
  return ok(undefined)
}

async function set({ io, connect }: Session, name: string, act: 'disable' | 'enable'): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await listAll(api.value, pathOf('users'), UserView)
  if (!found.ok) return failed(io, found.error)
  const named = found.value.items.filter((user) =>
    [user.name, user.uid, `${user.issuer}#${user.subject}`].includes(name),
  )
  const [user] = named
  if (!user || named.length > 1)
    return fail(
      EXIT.failed,
      user ? `"${name}" is more than one person; use issuer#subject.` : `Nobody is called "${name}".`,
    )
  const done = await api.value.call({ method: 'POST', path: pathOf('users', user.uid, act), answer: UserView })
  if (!done.ok) return failed(io, done.error)
  io.out(`user ${name} ${act}d`)
  return ok(undefined)
}
