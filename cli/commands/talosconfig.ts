import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { meetCluster } from '../access/meet-cluster.ts'
import { ownCommand } from '../access/own-command.ts'
import { mergedTalosconfig, type TalosContext } from '../access/talosconfig-file.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { sayDuration } from '../output/text.ts'
import type { Run, Session } from '../session.ts'
import { ensureProxy } from '../tunnel/running-proxy.ts'
import { writePrivate } from '../tunnel/tunnel-record.ts'

interface Options {
  readonly file?: string
  readonly print?: boolean
  readonly trustAgent?: boolean
}

/** `lanline talosconfig CLUSTER`: the same for talosctl, whose file has no plugin and therefore holds a short certificate. */
export function registerTalosconfig(program: Command, run: Run): void {
  program
    .command('talosconfig')
    .description('let talosctl on this machine reach the machines of a cluster, for an hour')
    .argument('<cluster>')
    .option('--file <path>', 'the talosconfig to change (default: TALOSCONFIG, or ~/.talos/config)')
    .option('--print', 'print a talosconfig of its own instead of changing a file')
    .option('--trust-agent', 'believe the agent that the API names now, after it was replaced')
    .action((cluster: string, options: Options) => run((session) => talosconfig(session, cluster, options)))
}

async function talosconfig(
  { io, connect }: Session,
  cluster: string,
  options: Options,
): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const met = await meetCluster(api.value, io, cluster, {
    what: 'talos',
    trustAgent: options.trustAgent ?? false,
    newPort: false,
  })
  if (!met.ok) return met
  const { record, files, answer, key, agentIsNew } = met.value
  if (agentIsNew) io.say(`The agent of the site is ${record.agent}; this machine trusts it from now on.`)
  const started = await ensureProxy(record, files, ownCommand(api.value.connection, io, ['proxy', cluster, '--serve']))
  if (!started.ok) return fail(EXIT.failed, started.error)
  const context: TalosContext = {
    cluster,
    port: record.port,
    machines: answer.machines,
    ca: answer.ca,
    certificate: answer.certificate,
    key,
  }
  const path = options.file ?? io.env['TALOSCONFIG'] ?? join(io.env['HOME'] ?? homedir(), '.talos', 'config')
  const before = options.print ? undefined : await readFile(path, 'utf8').catch(() => undefined)
  const merged = mergedTalosconfig(before, context)
  if (!merged.ok) return fail(EXIT.failed, `${path} was not changed: ${merged.error}`)
  if (options.print) io.out(merged.value.trimEnd())
  else await writePrivate(path, merged.value)
  const lasts = sayDuration(answer.expiresAt - io.now())
  io.say(
    `${options.print ? 'It' : `Context ${cluster} in ${path}`} is good for ${lasts}. You are ${answer.role} there.`,
  )
  io.say(`talosctl before 1.14 needs the tunnel named: export HTTPS_PROXY=http://127.0.0.1:${record.port}`)
  return ok(undefined)
}
