import { existsSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { GuestRuntime } from '#lab/guest.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'
import { labTime } from '#lab/time.ts'
import { Trace } from '#lab/trace.ts'
import { startProxmox, type ProxmoxHost } from '#lab/proxmox/host.ts'
import { Client, ticketHeaders, tokenHeader, type Answer, type Body } from './client.ts'
import { shapeOf } from './shape.ts'

/**
 * The default flow, recorded on a real Proxmox VE 9.2.11, call by call against the simulated host: the same status, the
 * same reason, the same shape of body, the same end of every task.
 */
const RECORDING = '../shared/vectors/proxmox/flow-default.jsonl'

interface Row {
  readonly step: string
  readonly actor: string
  readonly method: string
  readonly path: string
  readonly params: Record<string, string | number> | null
  readonly status: number
  readonly reason: string
  readonly body: Body
}

/** Not imitated, because nothing of this product asks: by the path below `/nodes/pve1` or from the root. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/\/subscription$/, 'subscription keys are no part of any flow'],
  [/\/sdn\/zones$/, 'software-defined networks are not simulated'],
  [/\/rrddata$/, 'no graphs are drawn from a lab'],
]

/** Before these rows a round of statistics had passed on the recorded host. */
const ROUNDS_BEFORE = new Set([237, 251, 269, 336])
/** Before this row somebody had put a large image onto the store by hand. */
const PLANTED_BEFORE = 88
const HUGE = 'http://factory.example.test/image/huge.qcow2'
const SHA256 = '886ddd55433c820159b53241baca35300d894426f6e924e65506590e0c625197'

const images: ImageSource = {
  look: (url) =>
    url === HUGE
      ? { kind: 'image', sizeBytes: 4_901_109_760, virtualBytes: 4_900_000_256, sha256: 'x', content: undefined }
      : { kind: 'image', sizeBytes: 4_390_912, virtualBytes: 64 * 1024 ** 2, sha256: SHA256, content: undefined },
}

/** Guests that do what the recorded ones did: they never react to the button. */
const guests: GuestRuntime = {
  powerOn: () => undefined,
  powerOff: (_, how) => (how === 'stop' ? Promise.resolve() : new Promise(() => undefined)),
  eraseDisk: () => undefined,
}

let host: ProxmoxHost | undefined
afterAll(() => host?.close())

/** Values that differ from run to run: what was recorded → what this run has. */
class Names {
  readonly #names = new Map<string, string>()
  learn(recorded: unknown, ours: unknown): void {
    if (typeof recorded === 'string' && typeof ours === 'string') this.#names.set(recorded, ours)
  }
  ours(recorded: string): string {
    return this.#names.get(recorded) ?? recorded
  }
}

/** `running` of a task is a matter of when one looks; its end is not. */
function withoutTime(body: unknown): unknown {
  const data = (body as Body).data as { status?: string; exitstatus?: string } | null
  if (data === null || typeof data !== 'object' || !('upid' in data)) return body
  const { exitstatus: _, ...rest } = data
  return { ...(body as Body), data: rest }
}

describe('the default flow, replayed', () => {
  const present = existsSync(RECORDING)
  test('answers every recorded call as the real host did', async (context) => {
    if (!present) {
      process.stdout.write(`replay: did not run, ${RECORDING} is not here\n`)
      context.skip()
      return
    }
    const rows = readFileSync(RECORDING, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row)
    host = await startProxmox({
      hostName: 'pve1',
      domain: 'example.test',
      lanAddress: '10.99.0.1',
      threads: 2,
      memoryMiB: 24_000,
      rootPassword: 'secret-of-root',
      storages: [
        {
          name: 'local',
          type: 'dir',
          content: ['rootdir', 'backup', 'snippets', 'iso', 'import', 'vztmpl', 'images'],
          totalBytes: 270_553_174_016,
          usedBytes: 38_781_702_144,
        },
      ],
      bridges: [{ name: 'vmbr0', port: undefined, cidr: '10.99.0.1/24' }],
      downloadMbitPerSecond: 4000,
      statistics: 'by-hand',
      time: labTime(500),
      trace: new Trace(),
      guests,
      images,
    })
    const root = new Client(host, await ticketHeaders(host, 'root@pam', 'secret-of-root'))
    let token = root
    const names = new Names()
    const differences: string[] = []
    const leftOut: string[] = []
    let agreed = 0
    for (const [index, row] of rows.entries()) {
      const reason = LEFT_OUT.find(([pattern]) => pattern.test(row.path))?.[1]
      if (reason !== undefined) {
        leftOut.push(`${index} ${row.method} ${row.path}: ${reason}`)
        continue
      }
      if (ROUNDS_BEFORE.has(index)) host.refreshStatistics()
      if (index === PLANTED_BEFORE) {
        const params = { content: 'import', filename: 'huge.qcow2', url: HUGE }
        await root.run('POST', '/nodes/pve1/storage/img/download-url', { params })
      }
      const answer = await replay(row.actor.startsWith('root') ? root : token, row, names)
      if (row.path.includes('/token/')) {
        const made = answer.body?.data as { 'full-tokenid': string; value: string }
        token = new Client(host, tokenHeader(made['full-tokenid'], made.value))
      }
      const difference = compare(row, answer, names)
      if (difference === undefined) agreed += 1
      else differences.push(`${index} ${row.step} | ${row.method} ${row.path}\n${difference}`)
    }
    root.close()
    token.close()
    process.stdout.write(`replay: ${agreed} of ${rows.length} recorded calls agree, ${leftOut.length} left out\n`)
    for (const line of leftOut) process.stdout.write(`replay: left out ${line}\n`)
    expect(differences).toEqual([])
    expect(agreed + leftOut.length).toBe(rows.length)
  }, 60_000)
})

async function replay(client: Client, row: Row, names: Names): Promise<Answer> {
  const path = row.path.replace(/UPID%3A[^/]+/, (upid) => encodeURIComponent(names.ours(decodeURIComponent(upid))))
  const params: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(row.params ?? {})) {
    if (name === 'password') params[name] = 'secret-of-root'
    else params[name] = typeof value === 'string' ? names.ours(value) : value
  }
  const recorded = row.body.data as { status?: string } | null
  const waitFor = /\/tasks\/[^/]+\/status$/.test(row.path) && recorded?.status === 'stopped'
  for (let tries = 0; ; tries += 1) {
    const answer = await client.call(row.method, path, { params })
    const status = (answer.body?.data as { status?: string } | null)?.status
    if (!waitFor || status !== 'running' || tries > 500) return answer
  }
}

/** Undefined when the row agrees. */
function compare(row: Row, answer: Answer, names: Names): string | undefined {
  if (answer.status !== row.status || answer.reason !== row.reason)
    return `  recorded ${row.status} ${row.reason}\n  answered ${answer.status} ${answer.reason} ${answer.text.slice(0, 300)}`
  const ours = answer.body ?? { data: undefined }
  if (typeof row.body.data === 'string' && row.body.data.startsWith('UPID:')) names.learn(row.body.data, ours.data)
  names.learn((row.body.data as { digest?: string } | null)?.digest, (ours.data as { digest?: string } | null)?.digest)
  const recordedEnd = (row.body.data as { exitstatus?: string } | null)?.exitstatus
  const ourEnd = (ours.data as { exitstatus?: string } | null)?.exitstatus
  if (recordedEnd !== undefined && recordedEnd !== ourEnd)
    return `  recorded end ${recordedEnd}\n  our end      ${ourEnd}`
  const [expected, got] = [row.body, ours].map((body) => shapeOf(withoutTime(body)))
  if (expected !== got) return `  recorded ${expected}\n  answered ${got}`
  if (row.status !== 200 && JSON.stringify(row.body.errors) !== JSON.stringify(ours.errors))
    return `  recorded ${JSON.stringify(row.body.errors)}\n  answered ${JSON.stringify(ours.errors)}`
  return compareValues(row, ours)
}

const RANDOM_KEYS = new Set(['digest', 'meta', 'vmgenid'])

/** Where values are ours to get right they are compared too: configurations, pending changes, cloud-init, log ends. */
function compareValues(row: Row, ours: Body): string | undefined {
  const mismatch = (a: unknown, b: unknown): string | undefined =>
    JSON.stringify(a) === JSON.stringify(b)
      ? undefined
      : `  recorded ${JSON.stringify(a)}\n  answered ${JSON.stringify(b)}`
  if (row.path.endsWith('/config') && row.method === 'GET' && row.status === 200) {
    const sorted = (data: unknown): unknown =>
      Object.entries(data as object)
        .filter(([key]) => !RANDOM_KEYS.has(key))
        .sort(([a], [b]) => (a < b ? -1 : 1))
    return mismatch(sorted(row.body.data), sorted(ours.data))
  }
  if (row.path.endsWith('/pending') && row.status === 200) {
    const sorted = (data: unknown): unknown =>
      (data as { key: string; value?: unknown; pending?: unknown; delete?: unknown }[])
        .filter(({ key }) => !RANDOM_KEYS.has(key))
        .map((entry) => [entry.key, entry.value, entry.pending, entry.delete])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    return mismatch(sorted(row.body.data), sorted(ours.data))
  }
  if (row.path.endsWith('/cloudinit/dump') && row.params?.['type'] !== 'meta') return mismatch(row.body.data, ours.data)
  if (row.path.endsWith('/log') && row.status === 200) {
    const last = (data: unknown): unknown => (data as { t: string }[]).at(-1)?.t
    return mismatch(last(row.body.data), last(ours.data))
  }
  return undefined
}
