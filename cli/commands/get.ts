import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { KIND_WORDS, readKind } from '../kinds.ts'
import { DERIVED, findDerived, findKind, type Found } from '../output/found.ts'
import { readFormat, toJson, toYaml, type Format } from '../output/format.ts'
import { failed, type Run, type Session } from '../session.ts'

const WORDS: readonly string[] = [...KIND_WORDS, ...DERIVED]

/** `lanline get KIND [NAME]`. */
export function registerGet(program: Command, run: Run): void {
  program
    .command('get')
    .description(`list, or show one of: ${WORDS.join(', ')}`)
    .argument('<kind>')
    .argument('[name]')
    .option('-o, --output <format>', 'table, wide, json, yaml or name', readFormat, 'table')
    .action((word: string, name: string | undefined, options: { output: Format }) =>
      run((session) => get(session, word, name, options.output)),
    )
}

async function get(
  { io, connect }: Session,
  word: string,
  name: string | undefined,
  format: Format,
): Promise<Result<void, Failure>> {
  const derived = DERIVED.find((each) => [each, each.replace(/s$/, '')].includes(word.toLowerCase()))
  const kind = derived ? ok(derived) : readKind(word, WORDS)
  if (!kind.ok) return kind
  const api = await connect()
  if (!api.ok) return api

  const showing = { now: io.now(), style: io.outStyle }
  const found =
    kind.value === 'machines' || kind.value === 'hosts'
      ? await findDerived(api.value, showing, kind.value, name)
      : await findKind(api.value, showing, kind.value, name)
  if (!found.ok) return failed(io, found.error)
  if (name !== undefined && found.value.raw.length === 0)
    return fail(EXIT.failed, `There is no ${kind.value.replace(/s$/, '')} "${name}".`)
  print(io, found.value, format, name !== undefined)
  return ok(undefined)
}

function print(io: Io, found: Found, format: Format, named: boolean): void {
  switch (format) {
    case 'json':
      // A name gives one object; the same machine name in two clusters gives a list all the same.
      return io.out(toJson(named && found.raw.length === 1 ? found.raw[0] : { items: found.raw }))
    case 'yaml':
      return found.raw.length > 0 ? io.out(toYaml(found.raw)) : undefined
    case 'name':
      return found.names.forEach((each) => io.out(each))
    case 'table':
    case 'wide':
      if (found.raw.length === 0) return io.say('None found.')
      return found.table(format === 'wide').forEach((each) => io.out(each))
  }
}
