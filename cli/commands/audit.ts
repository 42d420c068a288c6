import { type Command, InvalidArgumentError } from 'commander'
import { setTimeout as wait } from 'node:timers/promises'
import { sayFacts } from '#core/model/say-hold.ts'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf, type Api } from '../api/client.ts'
import { AuditPageView, type AuditView } from '../api/identity-views.ts'
import type { ApiError } from '../api/problem.ts'
import type { Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { parseDuration, printable } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

interface AuditOptions {
  readonly follow?: true
  readonly actor?: string
  readonly subject?: string
  readonly action?: string
  readonly since?: string
  readonly limit: number
  readonly output: 'text' | 'jsonl'
}

const PAGE = 100
/** Reading costs the API a request; what people do is seldom faster. */
const FOLLOW_EVERY_MS = 3_000
/** An export of more is several, by --since. */
const MAX_ROWS = 100_000

/** `lanline audit`: who did what, from where, and what became of it; oldest first. */
export function registerAudit(program: Command, run: Run): void {
  program
    .command('audit')
    .description('who did what, from where, and what became of it')
    .option('-f, --follow', 'go on as it happens')
    .option('--actor <name>', 'as in user:alice@example.com')
    .option('--subject <kind/name>', 'as in Cluster/home')
    .option('--action <name>', 'as in document.changed')
    .option('--since <when>', 'as in 24h, or a time as in 2026-11-21T08:00:00Z', readSince)
    .option('--limit <n>', 'at most so many of the newest', readLimit, PAGE)
    .option('-o, --output <format>', 'text or jsonl (one object a line)', readFormat, 'text' as const)
    .action((options: AuditOptions) => run((session) => audit(session, options)))
}

async function audit({ io, connect }: Session, options: AuditOptions): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const filter = filterOf(io, options)
  const first = await read(api.value, filter, options.since === undefined ? options.limit : MAX_ROWS)
  if (!first.ok) return failed(io, first.error)
  for (const row of first.value) show(io, row, options)
  let last = first.value.at(-1)?.row.id
  while (options.follow && !io.signal.aborted) {
    await wait(FOLLOW_EVERY_MS, undefined, { signal: io.signal }).catch(() => undefined)
    if (io.signal.aborted) break
    const next = await read(api.value, { ...filter, after: String(last ?? 0) }, MAX_ROWS)
    if (!next.ok && next.error.kind !== 'no-answer') return failed(io, next.error)
    for (const row of next.ok ? next.value : []) show(io, row, options)
    last = (next.ok ? next.value.at(-1)?.row.id : undefined) ?? last
  }
  return ok(undefined)
}

type Filter = Readonly<Record<string, string | undefined>>
interface Row {
  readonly row: AuditView
  readonly raw: unknown
}

function filterOf(io: Io, { actor, subject, action, since }: AuditOptions): Filter {
  const [kind, name] = subject === undefined ? [] : subject.split('/', 2)
  const back = since === undefined ? undefined : parseDuration(since)
  const from = back === undefined ? since : new Date(io.now() - back).toISOString()
  return { actor, action, kind, name, since: from }
}

/** The newest `limit` rows, oldest first. */
async function read(api: Api, filter: Filter, limit: number): Promise<Result<readonly Row[], ApiError>> {
  const rows: Row[] = []
  let cursor: string | undefined
  do {
    const query = { ...filter, cursor, limit: String(Math.min(PAGE, limit - rows.length)) }
    const page = await api.call({ method: 'GET', path: pathOf('audit'), query, answer: AuditPageView })
    if (!page.ok) return page
    const raws = (page.value.raw as { items: readonly unknown[] }).items
    rows.push(...page.value.value.items.map((row, index) => ({ row, raw: raws[index] })))
    cursor = page.value.value.nextCursor
  } while (cursor !== undefined && rows.length < limit)
  return ok(rows.toReversed())
}

function show({ out, outStyle }: Io, { row, raw }: Row, { output }: AuditOptions): void {
  if (output === 'jsonl') return out(JSON.stringify(raw))
  const from = row.source === undefined ? '' : ` from ${row.source}`
  const subject = row.kind === 'Access' ? '' : ` ${row.kind}/${row.name}`
  const said = sayFacts(row.facts)
  const outcome = row.outcome === 'done' ? '' : `  ${row.outcome}`
  out(
    printable(`${row.at}  ${row.actor}${from}  ${row.action}${subject}${outcome}`) +
      (said === '' ? '' : `  ${outStyle.dim(printable(said))}`),
  )
}

function readSince(text: string): string {
  if (parseDuration(text) === undefined && Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Write it like 30m, 24h or 2026-11-21T08:00:00Z.')
  return parseDuration(text) === undefined ? new Date(text).toISOString() : text
}

function readLimit(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('It is a number.')
  return Number(text)
}

function readFormat(text: string): 'text' | 'jsonl' {
  if (text !== 'text' && text !== 'jsonl') throw new InvalidArgumentError('It is text or jsonl.')
  return text
}
