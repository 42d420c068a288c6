import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import {
  contextName,
  kubeconfigPath,
  mergedKubeconfig,
  mergeKubeconfig,
  type KubeContext,
} from '../access/kubeconfig-file.ts'
import { meetCluster } from '../access/meet-cluster.ts'
import { ownCommand, ownEnvironment } from '../access/own-command.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Run, Session } from '../session.ts'
import { ensureProxy } from '../tunnel/running-proxy.ts'

interface Options {
  readonly file?: string
  readonly print?: boolean
  readonly trustAgent?: boolean
  readonly newPort?: boolean
}

/** `lanline kubeconfig CLUSTER`: from then on kubectl reaches the cluster from anywhere, as the person of this machine. */
export function registerKubeconfig(program: Command, run: Run): void {
  program
    .command('kubeconfig')
    .description('let kubectl on this machine reach a cluster, from anywhere')
    .argument('<cluster>')
    .option('--file <path>', 'the kubeconfig to change (default: KUBECONFIG, or ~/.kube/config)')
    .option('--print', 'print a kubeconfig of its own instead of changing a file')
    .option('--trust-agent', 'believe the agent that the API names now, after it was replaced')
    .option('--new-port', 'let the tunnel use another port of this machine')
    .action((cluster: string, options: Options) => run((session) => kubeconfig(session, cluster, options)))
}

async function kubeconfig({ io, connect }: Session, cluster: string, options: Options): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const met = await meetCluster(api.value, io, cluster, {
    what: 'kubernetes',
    trustAgent: options.trustAgent ?? false,
    newPort: options.newPort ?? false,
  })
  if (!met.ok) return met
  const { record, files, answer, agentIsNew } = met.value
  if (agentIsNew) io.say(`The agent of the site is ${record.agent}; this machine trusts it from now on.`)
  const { connection } = api.value
  const context: KubeContext = {
    cluster,
    port: record.port,
    ca: answer.ca,
    command: ownCommand(connection, io, ['credential', 'kubernetes', cluster]),
    env: ownEnvironment(io),
  }
  const started = await ensureProxy(record, files, ownCommand(connection, io, ['proxy', cluster, '--serve']))
  if (!started.ok) return fail(EXIT.failed, started.error)
  if (options.print) {
    const text = mergedKubeconfig(undefined, context)
    if (!text.ok) return fail(EXIT.failed, text.error)
    io.out(text.value.trimEnd())
    return ok(undefined)
  }
  const path = options.file ?? kubeconfigPath(io.env)
  const merged = await mergeKubeconfig(path, context)
  if (!merged.ok) return fail(EXIT.failed, merged.error)
  io.say(`Context ${contextName(cluster)} is in ${path}, and current. You are ${answer.role} there.`)
  io.say('Try: kubectl get nodes')
  return ok(undefined)
}
