import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { JoinTokensView, JoinTokenEntryView, toMs } from '../api/views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { renderTable } from '../output/table.ts'
import { printable, sayDuration } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'
import { enrollCommand } from './agent-enroll.ts'

/** `lanline agent token …`: the join tokens of a site. A token is shown once, when it is made. */
export function registerAgentTokens(agent: Command, run: Run): void {
  const token = agent.command('token').description('join tokens: each admits one agent, once, for an hour at most')
  enrollCommand(token, run, 'create', 'the same as lanline agent enroll')
  token
    .command('list')
    .description('list the tokens that have not expired')
    .argument('<site>')
    .action((site: string) => run((session) => list(session, site)))
  token
    .command('revoke')
    .description('take a token back; an agent that it admitted stays')
    .argument('<site>')
    .argument('<token>', 'its id or name in the list')
    .action((site: string, word: string) => run((session) => revoke(session, site, word)))
}

const tokensOf = (site: string) =>
  ({ method: 'GET', path: pathOf('sites', site, 'join-tokens'), answer: JoinTokensView }) as const

async function list({ io, connect }: Session, site: string): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await api.value.call(tokensOf(site))
  if (!found.ok) return failed(io, found.error)
  const { items } = found.value.value
  if (items.length === 0) io.say('None found.')
  else
    for (const line of renderTable<JoinTokenEntryView>(
      [
        { title: 'ID', cell: ({ id }) => id },
        { title: 'NAME', cell: ({ name }) => printable(name) },
        { title: 'APPROVES', cell: ({ approve }) => (approve ? 'yes' : 'no') },
        { title: 'USED BY', cell: ({ usedBy }) => usedBy ?? '' },
        { title: 'EXPIRES IN', cell: ({ expiresAt }) => sayDuration(toMs(expiresAt) - io.now()) },
      ],
      items,
    ))
      io.out(line)
  return ok(undefined)
}

async function revoke({ io, connect }: Session, site: string, word: string): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await api.value.call(tokensOf(site))
  if (!found.ok) return failed(io, found.error)
  const named = found.value.value.items.filter(({ id, name }) => id === word || name === word)
  const [token] = named
  if (!token)
    return fail(EXIT.failed, `Site ${site} has no join token "${word}".`, `See: lanline agent token list ${site}`)
  if (named.length > 1)
    return fail(EXIT.usage, `Several tokens are called "${word}".`, 'Give the id of the one you mean.')
  const path = pathOf('sites', site, 'join-tokens', token.id)
  const revoked = await api.value.call({ method: 'DELETE', path, answer: JoinTokenEntryView })
  if (!revoked.ok) return failed(io, revoked.error)
  io.out(`join token ${token.id} revoked`)
  return ok(undefined)
}
