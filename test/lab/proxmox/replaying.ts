import type { ProxmoxHost } from '#lab/proxmox/host.ts'
import { Client, tokenHeader, type Answer } from './client.ts'
import { Pace } from './pace.ts'
import type { Row } from './recording.ts'
import { differenceOf, learn, Names } from './compare.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface Replay {
  readonly host: ProxmoxHost
  readonly time: VirtualTime
  readonly root: Client
  readonly rootPassword: string
  readonly rows: readonly Row[]
  /** Why a row cannot be compared; undefined for those that are. */
  readonly leftOut: (row: Row, index: number) => string | undefined
  /** What was done on the recorded host beside the recorded calls. */
  readonly before: (row: Row, index: number) => Promise<void> | undefined
  readonly tokens?: ReadonlyMap<string, Client>
}

export interface Outcome {
  readonly agreed: number
  readonly leftOut: readonly string[]
  readonly differences: readonly string[]
}

/**
 * Sends every call of a recording at its own time, those that overlapped in life at once, and compares the answers.
 * When a round of statistics had passed is not in a recording: a list that does not agree is asked for once more after
 * one.
 */
export async function replayFlow(replay: Replay): Promise<Outcome> {
  const run = new Run(replay)
  for (let index = 0; index < replay.rows.length; index += 1) {
    const row = replay.rows[index]
    if (row) await replay.before(row, index)
    const together = run.sameCallsFrom(index)
    if (together > 1) {
      await run.sendTogether(index, together)
      index += together - 1
    } else await run.send(index)
  }
  await run.finish()
  run.close()
  return run.outcome()
}

class Run {
  readonly #replay: Replay
  readonly #names = new Names()
  readonly #pace: Pace
  readonly #clients: Map<string, Client>
  /** Calls without an answer yet, and when they had one in life. */
  #waiting: { readonly endS: number; readonly answered: Promise<void> }[] = []
  readonly #differences: { readonly index: number; readonly text: string }[] = []
  readonly #leftOut: string[] = []
  #agreed = 0

  constructor(replay: Replay) {
    this.#replay = replay
    this.#pace = new Pace(replay.time, replay.host)
    this.#clients = new Map([
      ...(replay.tokens ?? []),
      ['root@pam (ticket)', replay.root],
      ['wrong secret', new Client(replay.host, tokenHeader('talos@pve!agent', 'wrong'))],
      ['unknown token id', new Client(replay.host, tokenHeader('talos@pve!nope', 'wrong'))],
      ['no credentials', new Client(replay.host, {})],
    ])
  }

  outcome(): Outcome {
    const differences = this.#differences
      .toSorted((a, b) => a.index - b.index)
      .map(({ index, text }) => {
        const row = this.#row(index)
        return `${index} ${row.step} | ${row.method} ${row.path} ${JSON.stringify(row.params)}\n${text}`
      })
    return { agreed: this.#agreed, leftOut: this.#leftOut, differences }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
  }

  /** How many rows from here on are one call sent several times at once. */
  sameCallsFrom(index: number): number {
    const first = this.#row(index)
    if (first.method !== 'POST' || /agent\/|ticket/.test(first.path)) return 1
    let count = 1
    for (;;) {
      const next = this.#replay.rows[index + count]
      const same =
        next !== undefined &&
        next.method === first.method &&
        next.actor === first.actor &&
        next.path === first.path &&
        JSON.stringify(next.params) === JSON.stringify(first.params) &&
        next.t - first.t < 0.02
      if (!same) return count
      count += 1
    }
  }

  /** Who of several equals wins is chance: their answers are compared as a set, and the winner's task is the winner's. */
  async sendTogether(index: number, count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, offset) => index + offset)
    const answers = await this.#pace.settle(Promise.all(rows.map((each) => this.#call(this.#row(each)))))
    const left = answers.toSorted((a, b) => orderOf(a.body?.data) - orderOf(b.body?.data))
    for (const each of rows.toSorted((a, b) => this.#rank(a) - this.#rank(b))) {
      const fit = left.findIndex((answer) => answer.status === this.#row(each).status)
      const [answer] = left.splice(Math.max(0, fit), 1)
      if (answer) this.#judge(each, answer)
    }
    await this.#advance(index + count - 1)
  }

  /** Winners first. */
  #rank(index: number): number {
    const upid = this.#row(index).body.data
    if (typeof upid !== 'string') return 2
    const end = this.#replay.rows.find(
      ({ path, body }) =>
        decodeURIComponent(path).includes(upid) && (body.data as { status?: string } | null)?.status === 'stopped',
    )
    return (end?.body.data as { exitstatus?: string } | undefined)?.exitstatus === 'OK' ? 0 : 1
  }

  async send(index: number): Promise<void> {
    const row = this.#row(index)
    const reason = this.#replay.leftOut(row, index)
    if (reason !== undefined) {
      this.#leftOut.push(`${index} ${row.method} ${row.path}: ${reason}`)
      await this.#advance(index)
      return
    }
    // Whoever sent this call had these answers.
    const known = this.#waiting.filter(({ endS }) => endS <= row.t + 0.002)
    if (known.length > 0) await this.#pace.settle(Promise.all(known.map(({ answered }) => answered)))
    const next = this.#replay.rows[index + 1]
    const overlaps = next !== undefined && row.t * 1000 + row.ms > next.t * 1000 + 2
    const answer = this.#exchange(row).then((got) => this.#judge(index, got))
    const waiting = { endS: row.t + row.ms / 1000, answered: answer }
    this.#waiting.push(waiting)
    answer.finally(() => (this.#waiting = this.#waiting.filter((each) => each !== waiting))).catch(() => undefined)
    if (overlaps) await this.#pace.settle(answer, this.#replay.time.now() + (next.t - row.t) * 1000)
    else {
      const before = this.#replay.time.now()
      await this.#pace.settle(answer)
      const spent = this.#replay.time.now() - before
      await this.#advance(index, spent)
    }
  }

  async finish(): Promise<void> {
    await this.#pace.settle(Promise.all(this.#waiting.map(({ answered }) => answered)))
  }

  #row(index: number): Row {
    const row = this.#replay.rows[index]
    if (!row) throw new Error(`there is no row ${index}`)
    return row
  }

  /** Lab time goes on by what lay between this call and the next, less what the call itself took. */
  async #advance(index: number, spentMs = 0): Promise<void> {
    const next = this.#replay.rows[index + 1]
    if (next) await this.#pace.goOn(Math.max(0, (next.t - this.#row(index).t) * 1000 - spentMs))
  }

  async #exchange(row: Row): Promise<Answer> {
    const first = await this.#call(row)
    if (differenceOf(row, first, this.#names) === undefined) return this.#untilStopped(row, first)
    if (row.path === '/cluster/resources' || row.path === '/nodes')
      for (const world of this.#replay.host.cluster.worlds) world.statistics.refresh(world)
    const stopped = await this.#untilStopped(row, first)
    return row.method === 'GET' ? this.#untilAgreed(row, stopped) : stopped
  }

  /** Work that was done on the recorded host when somebody looked may take this one a little longer. */
  async #untilAgreed(row: Row, first: Answer): Promise<Answer> {
    let answer = first
    const atMost = this.#replay.time.now() + SLOWER_MS
    while (
      differenceOf(row, answer, this.#names) !== undefined &&
      this.#replay.host.tasks().some(({ exit }) => exit === undefined) &&
      this.#replay.time.now() < atMost
    ) {
      await this.#replay.time.pass(POLL_MS)
      answer = await this.#call(row)
      if (row.path === '/cluster/resources')
        for (const world of this.#replay.host.cluster.worlds) world.statistics.refresh(world)
    }
    return row.path === '/cluster/resources' ? this.#call(row) : answer
  }

  /** A task that had ended in life is waited for here. */
  async #untilStopped(row: Row, first: Answer): Promise<Answer> {
    const recorded = row.body?.data as { status?: string } | null
    if (!/\/tasks\/[^/]+\/status$/.test(row.path) || recorded?.status !== 'stopped') return first
    let answer = first
    while ((answer.body?.data as { status?: string } | null)?.status === 'running') {
      await this.#replay.time.pass(POLL_MS)
      answer = await this.#call(row)
    }
    return answer
  }

  #call(row: Row): Promise<Answer> {
    const path = row.path.replace(/UPID%3A[^/]+/, (upid) =>
      encodeURIComponent(this.#names.ours(decodeURIComponent(upid))),
    )
    const params: Record<string, string | number> = {}
    for (const [name, value] of Object.entries(row.params ?? {})) {
      if (name === 'password') params[name] = this.#replay.rootPassword
      else if (TIMES.has(name) && Number(value) > 0) params[name] = Number(value) + this.#clockOffsetS(row)
      else params[name] = typeof value === 'string' ? this.#names.ours(value) : value
    }
    const client =
      this.#clients.get(row.actor) ?? this.#clients.get(row.actor.startsWith('root') ? 'root@pam (ticket)' : '')
    if (!client) throw new Error(`nobody is ${row.actor}`)
    this.#pace.open += 1
    return client.call(row.method, path, { params }).finally(() => (this.#pace.open -= 1))
  }

  /** What this run's clock is ahead of the recorded one, whose time a UPID near the row tells. */
  #clockOffsetS(row: Row): number {
    const upid = this.#replay.rows
      .slice(0, this.#replay.rows.indexOf(row))
      .toReversed()
      .map(({ body }) => body?.data)
      .find((data): data is string => typeof data === 'string' && data.startsWith('UPID:'))
    const recordedS = Number.parseInt(upid?.split(':')[4] ?? '0', 16)
    const oursS = Number.parseInt(this.#names.ours(upid ?? '').split(':')[4] ?? '0', 16)
    return oursS - recordedS
  }

  #judge(index: number, answer: Answer): void {
    const row = this.#row(index)
    const made = answer.body?.data as { 'full-tokenid'?: string; value?: string } | null | undefined
    if (row.method === 'POST' && row.path.includes('/token/') && made?.value !== undefined) {
      const id = made['full-tokenid'] ?? ''
      const actor = this.#replay.rows.find((each) => each.actor.startsWith(id))?.actor
      if (actor !== undefined) this.#clients.set(actor, new Client(this.#replay.host, tokenHeader(id, made.value)))
    }
    const difference = differenceOf(row, answer, this.#names)
    learn(row, answer, this.#names)
    if (difference === undefined) this.#agreed += 1
    else this.#differences.push({ index, text: difference })
  }
}

/** Parameters that are moments. */
const TIMES = new Set(['since', 'until', 'expire'])
const POLL_MS = 50
const SLOWER_MS = 6_000

const orderOf = (upid: unknown): number =>
  typeof upid === 'string' ? Number.parseInt(upid.split(':')[2] ?? '0', 16) : Number.MAX_SAFE_INTEGER
