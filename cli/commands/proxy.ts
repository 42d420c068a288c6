import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { ownCommand } from '../access/own-command.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Run, Session } from '../session.ts'
import { ensureProxy, stopProxy } from '../tunnel/running-proxy.ts'
import { serveTunnel } from '../tunnel/serve-tunnel.ts'
import { readTunnelRecord, tunnelFiles } from '../tunnel/tunnel-record.ts'

interface Options {
  readonly serve?: boolean
  readonly stop?: boolean
  readonly idle: string
}

/** A quarter of an hour without a connection: the next kubectl starts it again. */
const DEFAULT_IDLE_S = 15 * 60

/** `lanline proxy CLUSTER`: starts the loopback proxy of a cluster and says what to set for tools that ask nobody. */
export function registerProxy(program: Command, run: Run): void {
  program
    .command('proxy')
    .description('start the tunnel to a cluster and print what talosctl needs to use it')
    .argument('<cluster>')
    .option('--serve', 'be the tunnel, until nobody has used it for a while')
    .option('--stop', 'end the tunnel that runs')
    .option('--idle <seconds>', 'end after so long without a connection', String(DEFAULT_IDLE_S))
    .action((cluster: string, options: Options) => run((session) => proxy(session, cluster, options)))
}

async function proxy({ io, connect }: Session, cluster: string, options: Options): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const { connection } = api.value
  const files = tunnelFiles(dataFolder(io.env), connection.name, cluster)
  if (options.serve) {
    const idleMs = Number(options.idle) * 1000
    if (!(idleMs > 0)) return fail(EXIT.usage, `--idle ${options.idle} is not a number of seconds`)
    const served = await serveTunnel(api.value, files, { idleMs, signal: io.signal, log: io.say })
    return served.ok ? ok(undefined) : fail(EXIT.failed, served.error)
  }
  const record = await readTunnelRecord(files)
  if (!record) return fail(EXIT.failed, `This machine has not met ${cluster}.`, `Run: lanline kubeconfig ${cluster}`)
  if (options.stop) {
    io.say((await stopProxy(record, files)) ? `The tunnel to ${cluster} has ended.` : `No tunnel to ${cluster} runs.`)
    return ok(undefined)
  }
  const command = ['proxy', cluster, '--serve', '--idle', options.idle]
  const started = await ensureProxy(record, files, ownCommand(connection, io, command))
  if (!started.ok) return fail(EXIT.failed, started.error)
  io.out(`export HTTPS_PROXY=http://127.0.0.1:${record.port}`)
  return ok(undefined)
}
