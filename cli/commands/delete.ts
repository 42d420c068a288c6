import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { DELETION_ANNOTATION, PLURALS, type Kind } from '#core/model/document.ts'
import { pathOf } from '../api/client.ts'
import { ObjectView } from '../api/views.ts'
import { confirmByName } from '../confirm.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { readKind } from '../kinds.ts'
import { waitFor } from '../live/wait.ts'
import { failed, type Run, type Session } from '../session.ts'
import { timeoutOption } from '../timeout-option.ts'

interface DeleteOptions {
  readonly yes?: true
  readonly confirm?: string
  readonly wait?: true
  readonly dryRun?: true
  readonly timeout: number
}

/** `lanline delete KIND NAME`: of the object as it is at this moment, and only when a person meant it. */
export function registerDelete(program: Command, run: Run): void {
  program
    .command('delete')
    .description('delete an object; a cluster goes with its machines and their disks, a managed machine with its own')
    .argument('<kind>')
    .argument('<name>')
    .option('-y, --yes', 'do not ask')
    .option('--confirm <name>', 'the name once more, for objects that want it')
    .option('--dry-run', 'say whether it could be deleted')
    .option('--wait', 'show what happens until the cluster or the machine is gone')
    .addOption(timeoutOption())
    .action((word: string, name: string, options: DeleteOptions) =>
      run((session) => remove(session, word, name, options)),
    )
}

async function remove(
  { io, connect }: Session,
  word: string,
  name: string,
  options: DeleteOptions,
): Promise<Result<void, Failure>> {
  const kind = readKind(word)
  if (!kind.ok) return kind
  if (options.confirm !== undefined && options.confirm !== name)
    return fail(EXIT.usage, `--confirm ${options.confirm} is not the name of what is to be deleted: ${name}.`)
  const api = await connect()
  if (!api.ok) return api

  const path = pathOf(PLURALS[kind.value], name)
  const found = await api.value.call({ method: 'GET', path, answer: ObjectView })
  if (!found.ok) return failed(io, found.error)
  const { metadata } = found.value.value
  const { annotations } = metadata
  if (options.dryRun && annotations?.[DELETION_ANNOTATION] === 'confirm' && options.confirm === undefined)
    return needsName(kind.value, name)
  const meant = options.dryRun ? ok(options.confirm) : await askFor(io, kind.value, name, annotations, options)
  if (!meant.ok) return meant

  const deleted = await api.value.call({
    method: 'DELETE',
    path,
    query: { confirm: meant.value, dryRun: options.dryRun ? 'true' : undefined },
    headers: { 'if-match': found.value.etag ?? `"${metadata.uid}.${metadata.generation}"` },
    answer: ObjectView,
  })
  if (!deleted.ok) return failed(io, deleted.error)

  const id = `${kind.value.toLowerCase()}/${name}`
  if (options.dryRun) {
    io.out(`${id} can be deleted (dry run)`)
    return ok(undefined)
  }
  // A machine that Lanline keeps is taken apart by its object first, as a cluster is.
  const takenApart = kind.value === 'Cluster' || deleted.value.value.metadata.deletingAt !== undefined
  io.out(`${id} ${takenApart ? 'deleting' : 'deleted'}`)
  if (!options.wait || !takenApart) return ok(undefined)
  const goal = { cluster: name, uid: metadata.uid, until: 'gone' as const }
  return waitFor(api.value, io, [kind.value === 'Machine' ? { ...goal, kind: 'Machine' } : goal], options.timeout)
}

/** The name to send as confirmation, once it is sure that a person meant it. */
async function askFor(
  io: Io,
  kind: Kind,
  name: string,
  annotations: Readonly<Record<string, string>> | undefined,
  options: DeleteOptions,
): Promise<Result<string | undefined, Failure>> {
  if (options.confirm !== undefined) return ok(name)
  const wantsName = annotations?.[DELETION_ANNOTATION] === 'confirm'
  if (options.yes && !wantsName) return ok(undefined)
  if (!io.interactive)
    return wantsName ? needsName(kind, name) : fail(EXIT.usage, 'There is no terminal to ask on.', 'Repeat with --yes.')
  const goes = kind === 'Cluster' ? 'with its machines and all that is on their disks' : 'from the API'
  const question = `${kind} ${name} will be deleted, ${goes}.\nType its name to go on: `
  const sure = await confirmByName(question, name, { input: process.stdin, output: process.stderr }, io.signal)
  return sure ? ok(name) : fail(EXIT.cancelled, 'That was not the name. Nothing was deleted.')
}

const needsName = (kind: Kind, name: string): { readonly ok: false; readonly error: Failure } =>
  fail(EXIT.blocked, `${kind} ${name} is deleted only with its name as confirmation.`, `Repeat with: --confirm ${name}`)
