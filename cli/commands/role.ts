import type { Command } from 'commander'
import { sayScope, type Scope } from '#core/access/grant.ts'
import type { Role } from '#core/access/role.ts'
import { ok, type Result } from '#core/base/result.ts'
import type { Api } from '../api/client.ts'
import { pathOf } from '../api/client.ts'
import { PolicyView, type BindingView } from '../api/identity-views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { renderTable, type Column } from '../output/table.ts'
import { readRole, scopeOption } from '../scope-option.ts'
import { failed, type Run, type Session } from '../session.ts'

interface BindOptions {
  readonly on?: Scope
  readonly user?: string
  readonly group?: string
  readonly serviceAccount?: string
}

/** `lanline role`: single bindings of the policy, for who does not keep the whole of it in a file. */
export function registerRole(program: Command, run: Run): void {
  const role = program.command('role').description('who is reader, operator or admin of what: grant, revoke, list')
  for (const verb of ['grant', 'revoke'] as const)
    role
      .command(verb)
      .description(verb === 'grant' ? 'give a role' : 'take a role back')
      .argument('<role>', 'reader, operator or admin', readRole)
      .addOption(scopeOption())
      .option('--user <name>', 'a verified mail address, or issuer#subject')
      .option('--group <name>', 'a group of the identity provider')
      .option('--service-account <name>', 'an account of a program')
      .action((name: Role, options: BindOptions) => run((session) => change(session, verb, name, options)))
  role
    .command('list', { isDefault: true })
    .description('list who has which role')
    .action(() => run((session) => list(session)))
}

async function change(
  { io, connect }: Session,
  verb: 'grant' | 'revoke',
  role: Role,
  options: BindOptions,
): Promise<Result<void, Failure>> {
  const { user, group, serviceAccount, on = 'everything' } = options
  const subjects = [
    ...(user === undefined ? [] : [{ user }]),
    ...(group === undefined ? [] : [{ group }]),
    ...(serviceAccount === undefined ? [] : [{ serviceAccount }]),
  ]
  const [to, ...others] = subjects
  if (!to || others.length > 0) return fail(EXIT.usage, 'Name one of --user, --group, --service-account.')
  const api = await connect()
  if (!api.ok) return api
  const read = await readPolicy(io, api.value)
  if (!read.ok) return read
  const wanted: BindingView = { role, on, to }
  const rest = read.value.bindings.filter((binding) => keyOf(binding) !== keyOf(wanted))
  const held = rest.length < read.value.bindings.length
  const said = `${sayTo(to)} ${role} on ${sayScope(on)}`
  if (held === (verb === 'grant')) {
    io.say(held ? `${said}: so it is already.` : `${said}: so it is not.`)
    return ok(undefined)
  }
  const written = await api.value.call({
    method: 'PUT',
    path: pathOf('policy'),
    body: { bindings: verb === 'grant' ? [...rest, wanted] : rest, tests: read.value.tests },
    headers: { 'if-match': read.value.etag },
    answer: PolicyView,
  })
  if (!written.ok) return failed(io, written.error)
  io.out(`${said} ${verb === 'grant' ? 'granted' : 'revoked'}`)
  return ok(undefined)
}

async function list({ io, connect }: Session): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const read = await readPolicy(io, api.value)
  if (!read.ok) return read
  const columns: readonly Column<BindingView>[] = [
    { title: 'TO', cell: ({ to }) => sayTo(to) },
    { title: 'ROLE', cell: ({ role }) => role },
    { title: 'ON', cell: ({ on }) => sayScope(on) },
  ]
  if (read.value.bindings.length === 0) io.say('None found.')
  else for (const line of renderTable(columns, read.value.bindings)) io.out(line)
  return ok(undefined)
}

async function readPolicy(io: Io, api: Api) {
  const found = await api.call({ method: 'GET', path: pathOf('policy'), answer: PolicyView })
  return found.ok ? ok({ ...found.value.value, etag: found.value.etag ?? '' }) : failed(io, found.error)
}

const sayTo = (to: BindingView['to']): string =>
  'user' in to ? `user ${to.user}` : 'group' in to ? `group ${to.group}` : `service-account ${to.serviceAccount}`

const keyOf = ({ role, on, to }: BindingView): string => `${role} ${sayScope(on)} ${sayTo(to)}`
