import type { Command } from 'commander'
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

/** `lanline agent enroll SITE`: the one command line that makes a machine on the LAN the agent of a site. */
export function registerAgent(program: Command, run: Run): void {
  program
    .command('agent')
    .description('the agent of a site')
    .command('enroll')
    .description('make a join token and print the command to run where the agent is')
    .argument('<site>')
    .action((site: string) => run((session) => enroll(session, site)))
}

async function enroll({ io, connect }: Session, site: string): Promise<Result<void, Failure>> {
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
    io.say(
      `This site has an agent already: ${names}. One agent works for a site; stop that one before you run another.`,
    )
  }
  io.say(`Run this on the machine of the agent; the token works once, for ${sayDuration(toMs(expiresAt) - io.now())}:`)
  io.out(
    `lanline-agent enroll --url ${relayUrl} --token ${token.value.value.token} --recovery ${key.value.recipient} --owner-key ${owner.value.publicKey}`,
  )
  return ok(undefined)
}
