import type { WebSocket } from 'ws'
import type { KubeObject } from '../objects.ts'
import { runCommand } from './commands.ts'
import type { LivePods } from './pods.ts'

/**
 * `exec` and `attach` over a WebSocket, protocol v5: the first byte of each message is its channel.
 *
 * Source: Kubernetes, staging/src/k8s.io/apimachinery/pkg/util/remotecommand, and KEP-4006.
 */
export const EXEC_PROTOCOL = 'v5.channel.k8s.io'
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const
/** Above this the command waits for its reader. */
const MAX_QUEUED_BYTES = 1024 * 1024
const FOLLOW_MS = 250

export function serveExec(socket: WebSocket, pods: LivePods, pod: KubeObject, query: URLSearchParams): void {
  const ended = new AbortController()
  const input = createInput()
  let size: { width: number; height: number } | undefined
  socket.on('message', (data) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
    const [channel] = bytes
    if (channel === CHANNEL.stdin) input.push(bytes.subarray(1))
    if (channel === CHANNEL.close && bytes[1] === CHANNEL.stdin) input.end()
    if (channel === CHANNEL.resize) size = readSize(bytes.subarray(1)) ?? size
  })
  socket.once('close', () => {
    ended.abort()
    input.end()
  })
  const say = (channel: number) => (bytes: Buffer | string) => {
    if (socket.readyState === socket.OPEN && bytes.length > 0)
      socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]))
  }
  const tty = query.get('tty') === 'true'
  if (query.get('stdin') !== 'true') input.end()
  void runCommand({
    args: query.getAll('command'),
    files: pods.filesOf(pod),
    hostname: pod.metadata.name,
    tty,
    input: paced(input, socket),
    out: say(CHANNEL.stdout),
    err: say(tty ? CHANNEL.stdout : CHANNEL.stderr),
    size: () => size,
    signal: ended.signal,
  }).then((code) => {
    say(CHANNEL.status)(JSON.stringify(statusOf(code)))
    socket.close(1000)
  })
}

/** `attach` shows what the pod prints while one watches. */
export function serveAttach(socket: WebSocket, pods: LivePods, pod: KubeObject, now: () => number): void {
  const tell = (line: string): void =>
    socket.send(Buffer.concat([Buffer.from([CHANNEL.stdout]), Buffer.from(`${line}\n`)]))
  tell(pods.printedBy(pod, now()).at(-1) ?? '')
  let printed = 0
  const timer = setInterval(() => socket.bufferedAmount < MAX_QUEUED_BYTES && tell(`follows ${++printed}`), FOLLOW_MS)
  socket.once('close', () => clearInterval(timer))
}

function statusOf(code: number) {
  if (code === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }
}

function readSize(bytes: Buffer): { width: number; height: number } | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(bytes.toString('utf8')) as { Width: number; Height: number }
    return { width: Number(width), height: Number(height) }
  } catch {
    return undefined
  }
}

/** What `cat` sends back is sent no faster than it is read. */
async function* paced(input: AsyncIterable<Buffer>, socket: WebSocket): AsyncIterable<Buffer> {
  for await (const piece of input) {
    while (socket.bufferedAmount > MAX_QUEUED_BYTES && socket.readyState === socket.OPEN)
      await new Promise((resolve) => setTimeout(resolve, 5))
    yield piece
  }
}

interface Input extends AsyncIterable<Buffer> {
  push(bytes: Buffer): void
  end(): void
}

function createInput(): Input {
  const waiting: Buffer[] = []
  let over = false
  let wake: () => void = () => undefined
  return {
    push(bytes) {
      waiting.push(bytes)
      wake()
    },
    end() {
      over = true
      wake()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const next = waiting.shift()
        if (next) yield next
        else if (over) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
