import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { WhoamiView } from '../api/identity-views.ts'
import type { Failure } from '../failure.ts'
import { toJson } from '../output/format.ts'
import { printable, sayDuration } from '../output/text.ts'
import { sayGrant } from '../scope-option.ts'
import { failed, type Run, type Session } from '../session.ts'

/** `lanline whoami`: who the API takes this person for, by what, and what that allows. */
export function registerWhoami(program: Command, run: Run): void {
  program
    .command('whoami')
    .description('who you are to the API, and what you may do')
    .option('--json', 'the answer of the API')
    .action((options: { json?: true }) => run((session) => whoami(session, options.json === true)))
}

async function whoami({ io, connect }: Session, json: boolean): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await api.value.call({ method: 'GET', path: pathOf('whoami'), answer: WhoamiView })
  if (!found.ok) return failed(io, found.error)
  if (json) {
    io.out(toJson(found.value.raw))
    return ok(undefined)
  }
  const { kind, name, names, groups, grants, credential } = found.value.value
  io.out(
    `${kind === 'bootstrap' ? 'the bootstrap token' : `${kind} ${printable(name)}`} at ${api.value.connection.url}`,
  )
  for (const other of names.filter((each) => each !== name)) io.out(`  also ${printable(other)}`)
  if (groups.length > 0) io.out(`  groups ${groups.map(printable).join(', ')}`)
  for (const grant of grants) io.out(`  ${sayGrant(grant)}`)
  if (grants.length === 0) io.out('  no role at all')
  if (credential.limit) io.out(`  this token is good for ${sayGrant(credential.limit)} at most`)
  if (credential.expiresAt !== undefined)
    io.out(`  ${credential.kind} ends in ${sayDuration(Date.parse(credential.expiresAt) - io.now())}`)
  return ok(undefined)
}
