import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { UsageTally } from './usage-tally.ts'

/**
 * The whole cloud half on this machine: both Workers, their objects and D1 in one local workerd, one loopback port, one
 * directory for everything that must survive a restart. No account and no network is needed.
 */
export interface ControlPlane {
  readonly url: string
  readonly adminToken: string
  readonly usage: UsageTally
  /** The last lines of its log, for the moment something goes wrong. */
  recentLog(): readonly string[]
  /** Ends the processes; `kill` does it without a word, as a crash would. Starting again in the same directory goes on. */
  stop(how?: 'term' | 'kill'): Promise<void>
}

export interface ControlPlaneOptions {
  /** Everything that survives: D1 and the objects' storage. One process at a time. */
  readonly dir: string
  readonly port?: number | undefined
  readonly adminToken?: string | undefined
  /** Settings of the Workers beside it, as in OIDC_ISSUER. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** Every line of its log, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const wrangler = `${root}node_modules/wrangler/bin/wrangler.js`
/** A cold start takes about 3 s on two cores; a machine under load gets twenty times that. */
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 5_000
const KEPT_LINES = 200

/** A port that was free when it was looked for may be somebody's by the time workerd wants it. */
const MAX_STARTS = 3

export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  mkdirSync(options.dir, { recursive: true })
  for (let start = 1; ; start++)
    try {
      return await startOn(options.port ?? (await freePort()), options)
    } catch (cause) {
      if (options.port !== undefined || start === MAX_STARTS) throw cause
    }
}

async function startOn(port: number, options: ControlPlaneOptions): Promise<ControlPlane> {
  const adminToken = options.adminToken ?? `lanadmin_${randomBytes(24).toString('base64url')}`
  const env = { ...environment(options.dir, adminToken), ...options.settings }
  await migrate(options.dir, env)

  const usage = new UsageTally()
  const lines: string[] = []
  const child = spawn(process.execPath, devArguments(options.dir, port), {
    cwd: root,
    env,
    // A group of its own, so that stopping takes workerd along and Ctrl-C in a terminal reaches only us.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      usage.read(line)
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      options.onLine?.(line)
    })

  const url = `http://127.0.0.1:${port}`
  const plane: ControlPlane = {
    url,
    adminToken,
    usage,
    recentLog: () => lines,
    stop: (how = 'term') => stop(child, how),
  }
  try {
    await untilReady(url, child, adminToken)
  } catch (cause) {
    await plane.stop('kill')
    throw new Error(`the control plane did not start:\n${lines.join('\n')}`, { cause })
  }
  return plane
}

/** Workers see these variables as bindings (wrangler reads its own environment), so only what is needed is passed on. */
function environment(dir: string, adminToken: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: dir,
    CI: '1',
    NO_COLOR: '1',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_LOG_PATH: `${dir}/logs`,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    CLOUDFLARE_INCLUDE_PROCESS_ENV: 'true',
    ADMIN_TOKEN: adminToken,
  }
}

function devArguments(dir: string, port: number): string[] {
  const configs = ['lab/control-plane/wrangler.toml', 'wrangler.toml', 'workers/agent-relay/wrangler.toml']
  const flags = ['--show-interactive-dev-session=false', '--log-level', 'log', '--inspector-port', '0']
  const place = ['--persist-to', dir, '--ip', '127.0.0.1', '--port', String(port)]
  return [wrangler, 'dev', ...configs.flatMap((config) => ['-c', config]), ...place, ...flags]
}

async function migrate(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(
    process.execPath,
    [wrangler, 'd1', 'migrations', 'apply', 'DB', '--local', '--persist-to', dir, '-c', 'wrangler.toml'],
    {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the migrations of D1 could not be applied:\n${output}`)
}

async function untilReady(url: string, child: ChildProcess, adminToken: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`wrangler ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/healthz`, { headers: { authorization: `Bearer ${adminToken}` } }).catch(
      () => undefined,
    )
    if (answer?.ok) return
    await wait(100)
  }
  throw new Error(`no answer within ${START_LIMIT_MS / 1000} s`)
}

async function stop(child: ChildProcess, how: 'term' | 'kill'): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  signalGroup(child.pid, how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  const inTime = await Promise.race([ended.then(() => true), wait(STOP_LIMIT_MS, false, { ref: false })])
  if (inTime === false) {
    signalGroup(child.pid, 'SIGKILL')
    await ended
  }
  // Wrangler may end before workerd does; the port must be free again when this returns.
  signalGroup(child.pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody of the group is left.
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
