import { once } from 'node:events'
import { ClusterView, OperationView, pageOf } from '#cli/api/views.ts'
import { EXIT } from '#cli/exit-codes.ts'
import { processIo, type Io } from '#cli/io.ts'
import { runProgram } from '#cli/program.ts'
import { z } from 'zod'
import { readOptions } from './options.ts'
import { summarise, type Summary } from './summary.ts'
import { openTheatre, type Theatre } from './theatre.ts'

/** `npm run demo`: from nothing to a ready cluster, with the real programs, on this machine alone. */
const EXAMPLE = 'examples/homelab.yaml'
const READY_LIMIT = '10m'
/** More than a creation makes. */
const MAX_OPERATIONS = 100

const options = readOptions(process.argv.slice(2))
const startedAt = Date.now()
const stopping = new AbortController()
const stop = () => {
  // The first Ctrl-C ends in order; whoever presses again does not want to wait for it.
  if (stopping.signal.aborted) process.exit(EXIT.cancelled)
  stopping.abort(new Error('stopped by Ctrl-C'))
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)

const plain = processIo(stopping.signal)
// With --json, stdout belongs to the one line a script reads.
const io: Io = options.json ? { ...plain, out: plain.say, outStyle: plain.style } : plain

io.say(io.style.bold('Lanline demo'))
io.say(`Everything runs on this machine. Time in the lab is ${options.rate} times faster than in life.`)
io.say('')
const { theatre, close } = await openTheatre(options.rate, sayRaised, stopping.signal)
let exit: number
try {
  exit = await play(await theatre)
} catch (error) {
  exit = fail(error instanceof Error ? error.message : String(error))
} finally {
  await close()
}
process.exit(exit)

async function play(stage: Theatre): Promise<number> {
  const lanline = (args: readonly string[]) =>
    runProgram(args, { ...io, env: { ...io.env, LANLINE_CONFIG: stage.contextFile } })
  io.say('')
  io.say(`$ lanline apply -f ${EXAMPLE} --wait`)
  const applied = await lanline(['apply', '-f', EXAMPLE, '--wait', '--timeout', READY_LIMIT])
  const summary = await summaryOf(stage, applied === EXIT.ok ? undefined : reasonOf(applied))
  if (summary.ready) await showReady(stage, lanline)
  else for (const line of stage.site.agent().lines.slice(-20)) io.say(io.style.dim(line))
  if (options.json) plain.out(JSON.stringify(summary))
  if (!options.once && summary.ready) {
    io.say('')
    io.say('It stays up until Ctrl-C, which leaves nothing behind.')
    if (!stopping.signal.aborted) await once(stopping.signal, 'abort')
  }
  return summary.ready ? EXIT.ok : EXIT.failed
}

async function showReady(stage: Theatre, lanline: (args: readonly string[]) => Promise<number>): Promise<void> {
  const kubeconfig = await stage.kubeconfig('home')
  io.say('')
  await lanline(['get', 'machines', '-o', 'wide'])
  if (options.once) return
  io.say('')
  io.say(io.style.bold('Works now:'))
  io.say(`  kubectl --kubeconfig ${kubeconfig} get nodes`)
  io.say(io.style.bold('Try next, in another terminal:'))
  for (const [name, value] of Object.entries(stage.person.environment)) io.say(`  export ${name}=${value}`)
  io.say('  npm run -s lanline -- describe cluster home')
  io.say('  npm run -s lanline -- get hosts')
  io.say('  npm run -s lanline -- kubeconfig home    # through the relay, as from anywhere; then:')
  io.say('  kubectl get nodes')
  io.say('  kubectl get pods -A -w')
  io.say('  kubectl -n kube-system exec -it deploy/coredns -- sh')
  io.say('  npm run -s lanline -- delete cluster home --confirm home --wait')
  io.say(`  npm run -s lanline -- apply -f ${EXAMPLE} --wait`)
}

async function summaryOf(stage: Theatre, reason: string | undefined): Promise<Summary> {
  const { api } = stage.site
  const clusters = z.object({ items: z.array(ClusterView) }).parse(await api.get('/v1/clusters'))
  const operations = pageOf(OperationView).parse(await api.get(`/v1/operations?cluster=home&limit=${MAX_OPERATIONS}`))
  return summarise({
    clusters: clusters.items,
    reason,
    operations: operations.items.length,
    durationMs: Date.now() - startedAt,
    usage: stage.plane.usage.counts(),
  })
}

function reasonOf(exit: number): string {
  if (exit === EXIT.cancelled) return 'stopped by Ctrl-C'
  if (exit === EXIT.timeout) return `not ready within ${READY_LIMIT}`
  return exit === EXIT.blocked ? 'it waits for a person; see the holds above' : `apply ended with exit code ${exit}`
}

function fail(reason: string): number {
  if (!stopping.signal.aborted) io.say(io.style.red(reason))
  if (options.json)
    plain.out(
      JSON.stringify(summarise({ clusters: [], reason, operations: 0, durationMs: Date.now() - startedAt, usage: {} })),
    )
  return stopping.signal.aborted ? EXIT.cancelled : EXIT.failed
}

function sayRaised(what: string, detail: string): void {
  io.say(`  ${io.style.green('✓')} ${what.padEnd(14)} ${detail}`)
}
