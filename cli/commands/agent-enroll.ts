import { InvalidArgumentError, type Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { AgentsView, JoinTokenView, toMs } from '../api/views.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { printable, sayDuration } from '../output/text.ts'
import { ensureRecoveryKey, recoveryPath } from '../recovery/identity.ts'
import { ensureOwnerKey, ownerKeyPath } from '../recovery/owner-key.ts'
import { failed, type Run, type Session } from '../session.ts'

interface EnrollOptions {
  readonly name?: string
  readonly approve?: true
  readonly minutes?: number
  readonly issuer?: string
  readonly clientId?: string
}

/** `lanline agent enroll SITE`: the one command line that makes a machine on the LAN the agent of a site. */
export const registerAgentEnroll = (agent: Command, run: Run): Command =>
  enrollCommand(agent, run, 'enroll', 'make a join token and print the command to run where the agent is')

/** `lanline agent token create SITE` is the same act, for those who look for it among the tokens. */
export function enrollCommand(parent: Command, run: Run, word: string, description: string): Command {
  return parent
    .command(word)
    .description(description)
    .argument('<site>')
    .option('--name <name>', 'what to call the token in the list')
    .option('--minutes <minutes>', 'how long it works, 60 at most', readMinutes)
    .option('--approve', 'let the agent in without comparing its fingerprint; whoever has the token is then your agent')
    .option('--issuer <url>', 'the OpenID provider that the agent shall believe; goes into the printed command')
    .option('--client-id <id>', 'the client of that provider')
    .action((site: string, options: EnrollOptions) => run((session) => enroll(session, site, options)))
}

/** Nothing that a shell acts on. */
const PLAIN_WORD = /^[\w.:/@-]+$/
const MAX_MINUTES = 60

function readMinutes(text: string): number {
  const minutes = Number(text)
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= MAX_MINUTES) return minutes
  throw new InvalidArgumentError(`It is a whole number from 1 to ${MAX_MINUTES}.`)
}

async function enroll({ io, connect }: Session, site: string, options: EnrollOptions): Promise<Result<void, Failure>> {
  if ((options.issuer === undefined) !== (options.clientId === undefined))
    return fail(EXIT.usage, '--issuer and --client-id go together.')
  if (![options.issuer, options.clientId].every((part) => part === undefined || PLAIN_WORD.test(part)))
    return fail(
      EXIT.usage,
      '--issuer and --client-id become part of a command line: letters, digits and . : / _ @ - only.',
    )
  const api = await connect()
  if (!api.ok) return api
  // The key first: a token that is made and then not printed would be a secret nobody needs.
  const key = await ensureRecoveryKey(recoveryPath(dataFolder(io.env), api.value.connection.name), io.now())
  if (!key.ok) return fail(EXIT.failed, key.error)
  const owner = await ensureOwnerKey(ownerKeyPath(dataFolder(io.env), api.value.connection.name))
  if (!owner.ok) return fail(EXIT.failed, owner.error)
  const enrolled = await api.value.call({ method: 'GET', path: pathOf('sites', site, 'agents'), answer: AgentsView })
  if (!enrolled.ok) return failed(io, enrolled.error)
  const token = await api.value.call({
    method: 'POST',
    path: pathOf('sites', site, 'join-tokens'),
    body: { name: options.name, approve: options.approve, ttlMinutes: options.minutes },
    answer: JoinTokenView,
  })
  if (!token.ok) return failed(io, token.error)

  const { expiresAt, relayUrl } = token.value.value
  if (key.value.made) {
    io.say(`Made your recovery key: ${key.value.path}`)
    io.say('Keep a copy where you will find it: with it, and only with it, you can read the secrets')
    io.say('of your clusters when every agent of the site is lost.')
  } else io.say(`Your recovery key: ${key.value.path}`)
  if (owner.value.made) io.say(`Made your owner key: ${owner.value.path}. What it signs, your agents believe.`)
  const others = enrolled.value.value.items.filter((agent) => agent.revokedAt === undefined)
  if (others.length > 0) {
    const names = others.map((agent) => `${agent.agentId} on ${printable(agent.hostname)}`).join(', ')
    io.say(`This site has an agent already: ${names}. One agent leads, the others stand by.`)
    io.say('A new one opens the secrets of existing clusters once the first has admitted it: lanline-agent admit.')
  }
  io.say(`Run this on the machine of the agent; the token works once, for ${sayDuration(toMs(expiresAt) - io.now())}:`)
  io.out(
    `lanline-agent enroll --url ${relayUrl} --token ${token.value.value.token} --recovery ${key.value.recipient} --owner-key ${owner.value.publicKey}`,
  )
  return ok(undefined)
}
