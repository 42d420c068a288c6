import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from '../api/client.ts'
import { AgentsView, AgentView, toMs } from '../api/views.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { renderTable } from '../output/table.ts'
import { printable, sayDuration } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

/** `lanline agent list|approve|reject|revoke`: an admin compares fingerprints, and takes rights away again. */
export function registerAgentAdmission(agent: Command, run: Run): void {
  agent
    .command('list')
    .description('list the agents of a site, revoked ones included')
    .argument('<site>')
    .action((site: string) => run((session) => list(session, site)))
  for (const [word, description] of Object.entries(DESCRIPTIONS) as [Decision, string][])
    agent
      .command(word)
      .description(description)
      .argument('<site>')
      .argument('<fingerprint>', word === 'revoke' ? 'its fingerprint or id' : 'as the agent itself shows it')
      .action((site: string, mark: string) => run((session) => decide(session, site, word, mark)))
}

type Decision = 'approve' | 'reject' | 'revoke'

const DESCRIPTIONS: Readonly<Record<Decision, string>> = {
  approve: 'let a pending agent in, by the fingerprint that it shows itself',
  reject: 'refuse a pending agent for good',
  revoke: 'cut an agent off, at once and for good; what it had begun goes to the next leader',
}

const DONE: Readonly<Record<Decision, string>> = { approve: 'approved', reject: 'rejected', revoke: 'revoked' }

async function list({ io, connect }: Session, site: string): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await agentsOf(api.value, site)
  if (!found.ok) return failed(io, found.error)
  if (found.value.length === 0) io.say('None found.')
  else
    for (const line of renderTable<AgentView>(
      [
        { title: 'FINGERPRINT', cell: ({ fingerprint }) => printable(fingerprint) },
        { title: 'STATE', cell: ({ state }) => state },
        { title: 'HOST', cell: ({ hostname }) => printable(hostname) },
        { title: 'VERSION', cell: ({ version }) => printable(version) },
        { title: 'ENROLLED', cell: ({ enrolledAt }) => `${sayDuration(io.now() - toMs(enrolledAt))} ago` },
        { title: 'ID', cell: ({ agentId }) => agentId },
      ],
      found.value,
    ))
      io.out(line)
  if (found.value.some(({ state }) => state === 'pending'))
    io.say(
      'Compare the fingerprint with what the agent shows (lanline-agent status), then: lanline agent approve SITE FINGERPRINT',
    )
  return ok(undefined)
}

async function decide(
  { io, connect }: Session,
  site: string,
  decision: Decision,
  mark: string,
): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await agentsOf(api.value, site)
  if (!found.ok) return failed(io, found.error)
  // Approving by id would be approving without comparing.
  const meant = found.value.filter(
    ({ fingerprint, agentId }) => fingerprint === mark.toLowerCase() || (decision === 'revoke' && agentId === mark),
  )
  const agent = meant.find(({ state }) => state !== 'revoked') ?? meant[0]
  if (!agent)
    return fail(
      EXIT.failed,
      `Site ${site} has no agent with the fingerprint ${printable(mark)}.`,
      'Read it where the agent runs (lanline-agent status). If what is listed differs, it is not your agent: reject it.',
    )
  const path = pathOf('sites', site, 'agents', agent.agentId, ...(decision === 'revoke' ? [] : [decision]))
  const decided = await api.value.call(
    decision === 'revoke'
      ? { method: 'DELETE', path, answer: AgentView }
      : { method: 'POST', path, body: { fingerprint: agent.fingerprint }, answer: AgentView },
  )
  if (!decided.ok) return failed(io, decided.error)
  io.out(`agent ${agent.agentId} on ${printable(agent.hostname)} ${DONE[decision]}`)
  return ok(undefined)
}

async function agentsOf(api: Api, site: string) {
  const found = await api.call({ method: 'GET', path: pathOf('sites', site, 'agents'), answer: AgentsView })
  return found.ok ? ok(found.value.value.items) : found
}
