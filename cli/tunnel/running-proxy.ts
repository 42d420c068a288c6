import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { err, ok, type Result } from '#core/base/result.ts'
import { TUNNEL_HEADER } from './connect-proxy.ts'
import type { TunnelFiles, TunnelRecord } from './tunnel-record.ts'

/** Sees to it that the proxy of a cluster runs: it is started when it is needed, and ends by itself when it is not. */
const LOOK_MS = 2_000
/** A cold start of this program on a busy machine. */
const START_MS = 20_000
const POLL_MS = 50

export type ProxyState = 'running' | 'absent' | 'foreign'

/** Asks whoever listens there which cluster it is for. */
export function proxyState({ port, clusterUid }: Pick<TunnelRecord, 'port' | 'clusterUid'>): Promise<ProxyState> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/', timeout: LOOK_MS }, (response) => {
      response.resume()
      resolve(response.headers[TUNNEL_HEADER] === clusterUid ? 'running' : 'foreign')
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', (error) => {
      const code = 'code' in error ? error.code : ''
      resolve(code === 'ECONNREFUSED' ? 'absent' : 'foreign')
    })
    asking.end()
  })
}

/** Ends the proxy of a cluster; what goes through it is cut. False when none runs. */
export async function stopProxy(record: TunnelRecord, files: TunnelFiles): Promise<boolean> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''))
  // The number may be somebody else's by now; only one that still answers for this cluster is ended.
  if (!(pid > 1) || (await proxyState(record)) !== 'running') return false
  process.kill(pid, 'SIGTERM')
  return true
}

/** `command` is the command line of this very program that serves; it outlives the one who starts it. */
export async function ensureProxy(
  record: TunnelRecord,
  files: TunnelFiles,
  command: readonly [string, ...string[]],
): Promise<Result<undefined, string>> {
  const before = await proxyState(record)
  if (before === 'running') return ok(undefined)
  if (before === 'foreign')
    return err(
      `port ${record.port} of this machine is used by another program; run lanline kubeconfig ${record.clusterName} --new-port`,
    )
  const log = await open(files.log, 'w', 0o600)
  const [program, ...args] = command
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd] })
  let ended = false
  child.once('exit', () => (ended = true))
  child.once('error', () => (ended = true))
  child.unref()
  await log.close()
  for (const end = Date.now() + START_MS; Date.now() < end;) {
    // Of two that start at once one loses the port, and the other serves both.
    if ((await proxyState(record)) === 'running') return ok(undefined)
    if (ended) break
    await wait(POLL_MS)
  }
  return err(`the tunnel to ${record.clusterName} did not start; see ${files.log}`)
}
