import { type Command, InvalidArgumentError } from 'commander'
import type { Scope } from '#core/access/grant.ts'
import type { Role } from '#core/access/role.ts'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { MintedView, TokensView, TokenView } from '../api/identity-views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { renderTable, type Column } from '../output/table.ts'
import { sayAge } from '../output/text.ts'
import { readRole, sayGrant, scopeOption } from '../scope-option.ts'
import { failed, type Run, type Session } from '../session.ts'

interface CreateOptions {
  readonly serviceAccount?: string
  readonly expiresIn: number
  readonly role?: Role
  readonly on?: Scope
}

/** `lanline token`: API tokens, of oneself or, as an admin, of service accounts. */
export function registerToken(program: Command, run: Run): void {
  const token = program.command('token').description('API tokens: create, list, revoke')
  token
    .command('create')
    .description('make a token; it is printed once')
    .argument('<name>')
    .option('--service-account <account>', 'for this account instead of yourself')
    .option('--expires-in <days>', 'as in 30d', readDays, 90)
    .option('--role <role>', 'good for this role at most', readRole)
    .addOption(scopeOption())
    .action((name: string, options: CreateOptions) => run((session) => create(session, name, options)))
  token
    .command('list', { isDefault: true })
    .description('list your tokens')
    .option('--service-account <account>', 'those of this account')
    .action((options: { serviceAccount?: string }) => run((session) => list(session, options.serviceAccount)))
  token
    .command('revoke')
    .description('take a token back; it is refused from now on')
    .argument('<id>')
    .action((id: string) => run((session) => revoke(session, id)))
}

const tokensPath = (account: string | undefined): string =>
  account === undefined ? pathOf('tokens') : pathOf('service-accounts', account, 'tokens')

async function create({ io, connect }: Session, name: string, options: CreateOptions): Promise<Result<void, Failure>> {
  const { role, on, expiresIn, serviceAccount } = options
  if (on !== undefined && role === undefined) return fail(EXIT.usage, '--on says where, --role says what: give both.')
  const api = await connect()
  if (!api.ok) return api
  const limit = role === undefined ? {} : { limit: { role, on: on ?? 'everything' } }
  const body = { name, expiresInDays: expiresIn, ...limit }
  const made = await api.value.call({ method: 'POST', path: tokensPath(serviceAccount), body, answer: MintedView })
  if (!made.ok) return failed(io, made.error)
  io.say(`Token ${made.value.value.id}, good until ${made.value.value.expiresAt}. It is shown only now:`)
  io.out(made.value.value.token)
  return ok(undefined)
}

async function list({ io, connect }: Session, account: string | undefined): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await api.value.call({ method: 'GET', path: tokensPath(account), answer: TokensView })
  if (!found.ok) return failed(io, found.error)
  const { items } = found.value.value
  if (items.length === 0) io.say('None found.')
  else for (const line of renderTable(columns(io.now()), items)) io.out(line)
  return ok(undefined)
}

const columns = (now: number): readonly Column<TokenView>[] => [
  { title: 'ID', cell: (token) => token.id },
  { title: 'NAME', cell: (token) => token.name },
  { title: 'LIMIT', cell: ({ limit }) => (limit === undefined || limit === 'gone' ? limit : sayGrant(limit)) },
  { title: 'LAST USED', cell: ({ lastUsedAt }) => lastUsedAt && sayAge(now - Date.parse(lastUsedAt)) },
  { title: 'STATE', cell: (token) => stateOf(token, now) },
  { title: 'AGE', cell: ({ createdAt }) => sayAge(now - Date.parse(createdAt)) },
]

function stateOf({ revokedAt, expiresAt }: TokenView, now: number): string {
  if (revokedAt !== undefined) return 'revoked'
  const left = Date.parse(expiresAt) - now
  return left <= 0 ? 'expired' : `${sayAge(left)} left`
}

async function revoke({ io, connect }: Session, id: string): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const done = await api.value.call({ method: 'DELETE', path: pathOf('tokens', id), answer: TokenView })
  if (!done.ok) return failed(io, done.error)
  io.out(`token/${id} revoked`)
  return ok(undefined)
}

function readDays(text: string): number {
  const days = Number(/^(\d{1,3})d?$/.exec(text)?.[1])
  if (!(days >= 1 && days <= 365)) throw new InvalidArgumentError('Write it in days, as in 30d; a year at most.')
  return days
}
