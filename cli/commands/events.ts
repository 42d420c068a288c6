import { type Command, InvalidArgumentError } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { followEvents } from '../api/events.ts'
import { toMs, type EventView } from '../api/views.ts'
import type { Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { printable } from '../output/text.ts'
import { failed, type Run, type Session } from '../session.ts'

interface EventsOptions {
  readonly watch?: true
  readonly after: number | 'now'
  readonly output: 'text' | 'json'
}

/** Without --watch: the kept events have all come when nothing more comes for this long. */
const QUIET_MS = 1_000
/** Without --watch: an API that cannot be reached is given up after this. */
const GIVE_UP_MS = 20_000

/** `lanline events CLUSTER`: the story of a cluster, one line each. */
export function registerEvents(program: Command, run: Run): void {
  program
    .command('events')
    .description('what happened to a cluster')
    .argument('<cluster>')
    .option('-w, --watch', 'go on as it happens')
    .option('--after <seq>', 'only events after this number, or after now', readAfter, 0)
    .option('-o, --output <format>', 'text or json (one object a line)', readFormat, 'text' as const)
    .action((cluster: string, options: EventsOptions) => run((session) => events(session, cluster, options)))
}

async function events(
  { io, connect }: Session,
  cluster: string,
  options: EventsOptions,
): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const quiet = new AbortController()
  const stopIn = (ms: number) => setTimeout(() => quiet.abort(), ms)
  let timer = options.watch ? undefined : stopIn(GIVE_UP_MS)
  const restart = () => {
    if (timer === undefined) return
    clearTimeout(timer)
    timer = stopIn(QUIET_MS)
  }
  let told = false
  let linkedOnce = false
  let lastWhy = 'no answer'
  const result = await followEvents(api.value.connection, {
    cluster,
    after: options.after,
    signal: AbortSignal.any([io.signal, quiet.signal]),
    onEvent: (event, raw) => {
      restart()
      // Progress belongs to those who are watching now; it is not part of the story.
      if (event.type !== 'progress' || options.watch)
        io.out(options.output === 'json' ? JSON.stringify(raw) : line(io, event))
    },
    onLink: (connected, why) => {
      if (connected) restart()
      linkedOnce ||= connected
      if (!connected) lastWhy = printable(why).replace(/\.$/, '')
      if (!connected && !told) io.say(`Not connected: ${lastWhy}. Trying again.`)
      if (connected && told) io.say('Connected again.')
      told = !connected
    },
  })
  clearTimeout(timer)
  if (!result.ok) return failed(io, result.error)
  if (!linkedOnce && !io.signal.aborted)
    return failed(io, { kind: 'no-answer', text: `${api.value.connection.url} gave no events: ${lastWhy}.` })
  return ok(undefined)
}

function line({ outStyle }: Io, event: EventView): string {
  const at = new Date(toMs(event.at))
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
  const seq = String(event.seq ?? '').padStart(5)
  // Most texts begin with what they are about.
  const subject = event.text.startsWith(event.subject) ? '' : `${outStyle.bold(printable(event.subject))}  `
  return `${outStyle.dim(`${seq}  ${time}`)}  ${event.type.padEnd(9)}  ${subject}${printable(event.text)}`
}

function readAfter(text: string): number | 'now' {
  if (text === 'now') return 'now'
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a number that an event showed, or now.')
  return Number(text)
}

function readFormat(text: string): 'text' | 'json' {
  if (text !== 'text' && text !== 'json') throw new InvalidArgumentError('It is text or json.')
  return text
}
