import type { Answer, Body } from './client.ts'
import type { Row } from './recording.ts'
import { shapeOf } from './shape.ts'

/** Values that differ from run to run: what was recorded → what this run has. */
export class Names {
  readonly #names = new Map<string, string>()
  learn(recorded: unknown, ours: unknown): void {
    if (typeof recorded === 'string' && typeof ours === 'string') this.#names.set(recorded, ours)
  }
  ours(recorded: string): string {
    return this.#names.get(recorded) ?? recorded
  }
}

type Task = {
  readonly status?: string
  readonly exitstatus?: string
  readonly digest?: string
  readonly smbios1?: string
} | null

export function learn(row: Row, answer: Answer, names: Names): void {
  const [recorded, ours] = [row.body?.data, answer.body?.data]
  if (typeof recorded === 'string' && recorded.startsWith('UPID:')) names.learn(recorded, ours)
  names.learn((recorded as Task)?.digest, (ours as Task)?.digest)
}

/** Undefined when the answer is as it was: status, reason, shape, and the values that are the host's to get right. */
export function differenceOf(row: Row, answer: Answer, names: Names): string | undefined {
  if (answer.status !== row.status || withoutProcess(answer.reason) !== withoutProcess(row.reason))
    return said(`${row.status} ${row.reason}`, `${answer.status} ${answer.reason} ${answer.text.slice(0, 300)}`)
  const ours = answer.body ?? { data: undefined }
  if (typeof row.body !== 'object') return row.body === answer.text ? undefined : said(row.body, answer.text)
  const [recordedEnd, ourEnd] = [row.body.data, ours.data].map((data) => (data as Task)?.exitstatus)
  if (recordedEnd !== undefined && withoutProcess(recordedEnd) !== withoutProcess(ourEnd ?? ''))
    return said(recordedEnd, ourEnd)
  const [expected, got] = [row.body, ours].map((body) => shapeOf(withoutTime(body)))
  if (expected !== got) return said(expected, got)
  if (row.status !== 200 && JSON.stringify(sorted(row.body.errors)) !== JSON.stringify(sorted(ours.errors)))
    return said(JSON.stringify(row.body.errors), JSON.stringify(ours.errors))
  return compareValues(row, ours, names)
}

const said = (recorded: unknown, answered: unknown): string =>
  `  recorded ${String(recorded)}\n  answered ${String(answered)}`

/** Process ids are part of the names of temporary files. */
const withoutProcess = (text: string): string => text.replace(/(tmp_dwnl\.)\d+/g, '$1PID')

/** `running` of a task is a matter of when one looks; its end is not. */
function withoutTime(body: unknown): unknown {
  const data = (body as Body).data as { status?: string; exitstatus?: string } | null
  if (data === null || typeof data !== 'object' || !('upid' in data)) return body
  const { exitstatus: _, ...rest } = data
  return { ...(body as Body), data: rest }
}

const RANDOM_KEYS = new Set(['digest', 'meta', 'vmgenid'])

const sorted = (data: unknown): unknown =>
  Object.entries((data ?? {}) as object)
    .filter(([key]) => !RANDOM_KEYS.has(key))
    .sort(([a], [b]) => (a < b ? -1 : 1))

/** Where values are ours to get right they are compared too: configurations, pending changes, cloud-init, log ends. */
function compareValues(row: Row, ours: Body, names: Names): string | undefined {
  const mismatch = (a: unknown, b: unknown): string | undefined =>
    JSON.stringify(a) === JSON.stringify(b) ? undefined : said(JSON.stringify(a), JSON.stringify(b))
  if (row.status !== 200) return undefined
  if (row.path.endsWith('/config') && row.method === 'GET')
    return mismatch(sorted(withOurIdentity(row.body.data, ours.data)), sorted(ours.data))
  if (row.path.endsWith('/pending')) return mismatch(pendingOf(row.body.data), pendingOf(ours.data))
  if (row.path.endsWith('/cloudinit/dump') && row.params?.['type'] !== 'meta') return mismatch(row.body.data, ours.data)
  if (row.path.endsWith('/nextid')) return mismatch(row.body.data, ours.data)
  if (row.path.endsWith('/log')) {
    const last = (data: unknown): string => withoutProcess((data as { t: string }[]).at(-1)?.t ?? '')
    const [recorded, answered] = [last(row.body.data), last(ours.data)]
    // A first page that ends in the middle of a copy says how fast the disk was.
    return recorded.startsWith('transferred ') ? undefined : mismatch(names.ours(recorded), answered)
  }
  return undefined
}

/** An identity that nobody gave is drawn by the host; those of this tool's own making are told by their beginning. */
const withOurIdentity = (recorded: unknown, ours: unknown): unknown => {
  const [theirs, mine] = [recorded, ours].map((data) => (data as Task)?.smbios1)
  return theirs?.startsWith(GIVEN) || mine === undefined ? recorded : { ...(recorded as object), smbios1: mine }
}
const GIVEN = 'uuid=6f3b0c1e-'

/** A row of a drawn identity is left out, as are those that are random in any case. */
const pendingOf = (data: unknown): unknown =>
  (data as { key: string; value?: unknown; pending?: unknown; delete?: unknown }[])
    .filter(({ key, value }) => !RANDOM_KEYS.has(key) && !(key === 'smbios1' && !String(value).startsWith(GIVEN)))
    .map((entry) => [entry.key, entry.value, entry.pending, entry.delete])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
