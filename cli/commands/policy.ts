import type { Command } from 'commander'
import { z } from 'zod'
import { API_VERSION } from '#core/model/document.ts'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { PolicyView } from '../api/identity-views.ts'
import { problemFailure, type ApiProblem } from '../api/problem.ts'
import { readSources } from '../documents/read.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { toYaml } from '../output/format.ts'
import { plural } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'
import { parseYaml } from '../yaml/parse.ts'
import { renderIssues } from '../yaml/report.ts'
import { placeOf, type SourceDocument } from '../yaml/source.ts'

/** `lanline policy`: all bindings and their tests as one file. */
export function registerPolicy(program: Command, run: Run): void {
  const policy = program.command('policy').description('the whole policy as a file: get, apply')
  policy
    .command('get', { isDefault: true })
    .description('print the policy')
    .action(() => run((session) => get(session)))
  policy
    .command('apply')
    .description('replace the policy by that of a file, if its tests hold')
    .requiredOption('-f, --filename <file>', 'a YAML file; - is stdin')
    .option('--dry-run', 'only say whether it would be accepted')
    .action((options: { filename: string; dryRun?: true }) =>
      run((session) => apply(session, options.filename, options.dryRun === true)),
    )
}

const PolicyFile = z.strictObject({ apiVersion: z.literal(API_VERSION), kind: z.literal('Policy'), spec: z.unknown() })

async function get({ io, connect }: Session): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const found = await api.value.call({ method: 'GET', path: pathOf('policy'), answer: PolicyView })
  if (!found.ok) return failed(io, found.error)
  const { bindings, tests } = found.value.value
  io.out(toYaml([{ apiVersion: API_VERSION, kind: 'Policy', spec: { bindings, tests } }]))
  return ok(undefined)
}

async function apply({ io, connect }: Session, name: string, dryRun: boolean): Promise<Result<void, Failure>> {
  const file = await readPolicyFile(io, name)
  if (!file.ok) return file
  const api = await connect()
  if (!api.ok) return api
  const now = await api.value.call({ method: 'GET', path: pathOf('policy'), answer: PolicyView })
  if (!now.ok) return failed(io, now.error)
  const written = await api.value.call({
    method: 'PUT',
    path: pathOf('policy'),
    query: { dryRun: dryRun ? 'true' : undefined },
    body: file.value.spec,
    headers: { 'if-match': now.value.etag ?? '' },
    answer: PolicyView,
  })
  if (!written.ok)
    return written.error.kind === 'problem'
      ? { ok: false, error: problemFailure(placed(written.error.problem, file.value.document, name), io.style) }
      : failed(io, written.error)
  const { bindings, tests } = written.value.value
  io.out(
    `policy ${dryRun ? 'would be accepted' : 'applied'}: ${plural(bindings.length, 'binding')}, ${plural(tests.length, 'test')} passed`,
  )
  return ok(undefined)
}

async function readPolicyFile(
  io: Io,
  name: string,
): Promise<Result<{ readonly spec: unknown; readonly document: SourceDocument }, Failure>> {
  const sources = await readSources([name])
  if (!sources.ok) return sources
  const [source] = sources.value
  const { documents, issues } = source ? parseYaml(source) : { documents: [], issues: [] }
  if (issues.length > 0) return fail(EXIT.usage, ...renderIssues(issues, io.style))
  const [document, ...others] = documents
  const parsed = PolicyFile.safeParse(document?.value)
  if (!document || others.length > 0 || !parsed.success)
    return fail(EXIT.usage, `${name} is not one document with apiVersion: ${API_VERSION}, kind: Policy and spec.`)
  return ok({ spec: parsed.data.spec, document })
}

/** Errors of the API point into the spec; a person wants the line. */
const placed = (problem: ApiProblem, document: SourceDocument, name: string): ApiProblem => ({
  ...problem,
  errors: problem.errors?.map((error) => {
    const members = (error.pointer ?? '').split('/').slice(1)
    const { line, column } = placeOf(document, ['spec', ...members], 'value')
    return { ...error, path: `${name}:${line}:${column}  ${error.path ?? ''}` }
  }),
})
