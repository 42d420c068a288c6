import type { Command } from 'commander'
import { z } from 'zod'
import { ok, type Result } from '#core/base/result.ts'
import { PLURALS } from '#core/model/document.ts'
import { pathOf } from '../api/client.ts'
import { ObjectView } from '../api/views.ts'
import { confirmByName } from '../confirm.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { readKind } from '../kinds.ts'
import { waitFor } from '../live/wait.ts'
import { failed, type Run, type Session } from '../session.ts'
import { timeoutOption } from '../timeout-option.ts'

interface ForgetOptions {
  readonly confirm?: string
  readonly wait?: true
  readonly timeout: number
}

/** `lanline forget cluster|machine NAME`: what runs runs on, and nothing here knows it any more. */
export function registerForget(program: Command, run: Run): void {
  program
    .command('forget')
    .description('drop a cluster, or a machine that is none’s, and leave what runs alone')
    .argument('<kind>')
    .argument('<name>')
    .option('--confirm <name>', 'the name once more, instead of typing it')
    .option('--wait', 'show what happens until it is gone')
    .addOption(timeoutOption())
    .action((word: string, name: string, options: ForgetOptions) =>
      run((session) => forget(session, word, name, options)),
    )
}

async function forget(
  { io, connect }: Session,
  word: string,
  name: string,
  options: ForgetOptions,
): Promise<Result<void, Failure>> {
  const kind = readKind(word)
  if (!kind.ok) return kind
  if (kind.value !== 'Cluster' && kind.value !== 'Machine')
    return fail(EXIT.usage, `Only clusters and machines leave something running. Use: lanline delete ${word} ${name}`)
  const path = pathOf(PLURALS[kind.value], name)
  if (options.confirm !== undefined && options.confirm !== name)
    return fail(EXIT.usage, `--confirm ${options.confirm} is not the name of what is to be forgotten: ${name}.`)
  if (options.confirm === undefined && !io.interactive)
    return fail(
      EXIT.blocked,
      `${kind.value} ${name} is forgotten only with its name as confirmation.`,
      `Repeat with: --confirm ${name}`,
    )
  const api = await connect()
  if (!api.ok) return api

  const found = await api.value.call({ method: 'GET', path, answer: ObjectView })
  if (!found.ok) return failed(io, found.error)
  const { metadata } = found.value.value
  if (options.confirm === undefined) {
    const question = `${kind.value} ${name} will be forgotten. ${kind.value === 'Cluster' ? 'Its machines run on; nothing here will know them' : 'Its guest runs on; nothing here will know it'} any more.\nType its name to go on: `
    const sure = await confirmByName(question, name, { input: process.stdin, output: process.stderr }, io.signal)
    if (!sure) return fail(EXIT.cancelled, 'That was not the name. Nothing was forgotten.')
  }
  const forgotten = await api.value.call({
    method: 'POST',
    path: pathOf(PLURALS[kind.value], name, 'forget'),
    query: { confirm: name },
    headers: { 'if-match': found.value.etag ?? `"${metadata.uid}.${metadata.generation}"` },
    answer: z.unknown(),
  })
  if (!forgotten.ok) return failed(io, forgotten.error)
  io.out(`${kind.value.toLowerCase()}/${name} forgotten`)
  if (!options.wait) return ok(undefined)
  const goal = { cluster: name, uid: metadata.uid, until: 'gone' as const }
  return waitFor(api.value, io, [kind.value === 'Machine' ? { ...goal, kind: 'Machine' } : goal], options.timeout)
}
