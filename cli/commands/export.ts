import type { Command } from 'commander'
import { ok, type Result } from '#core/base/result.ts'
import { pathOf } from '../api/client.ts'
import { ClusterExportView } from '../api/views.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import { recoveryPath } from '../recovery/identity.ts'
import { openSealed, readRecoveryIdentity } from '../recovery/open-sealed.ts'
import { failed, type Run, type Session } from '../session.ts'
import { writeTogether } from '../talos/write-together.ts'

interface ExportOptions {
  readonly output: string
  readonly recoveryKey?: string
}

/** `lanline export CLUSTER`: everything for life without Lanline, opened on this machine with the owner's recovery key. */
export function registerExport(program: Command, run: Run): void {
  program
    .command('export')
    .description(
      'write secrets, machine configurations, talosconfig and kubeconfig of a cluster, with the recovery key',
    )
    .argument('<cluster>')
    .requiredOption('-o, --output <folder>', 'where to write; all files or none, for you only')
    .option('--recovery-key <file>', 'the recovery key; the one of this deployment when left out')
    .action((cluster: string, options: ExportOptions) => run((session) => exportCluster(session, cluster, options)))
}

async function exportCluster(
  { io, connect }: Session,
  name: string,
  options: ExportOptions,
): Promise<Result<void, Failure>> {
  const api = await connect()
  if (!api.ok) return api
  const keyPath = options.recoveryKey ?? recoveryPath(dataFolder(io.env), api.value.connection.name)
  // The key first: asking marks the cluster, and without the key there is nothing to mark.
  const identity = await readRecoveryIdentity(keyPath)
  if (!identity.ok) return identity
  const path = pathOf('clusters', name, 'exports')
  const answered = await api.value.call({ method: 'POST', path, answer: ClusterExportView })
  if (!answered.ok) return failed(io, answered.error)
  const exported = answered.value.value
  if (!exported.sealed) return fail(EXIT.failed, `Cluster ${name} has no secrets yet; there is nothing to export.`)
  const bundle = await openSealed(name, exported.sealed.ciphertext, identity.value)
  if (!bundle.ok) return bundle

  const { exportFiles } = await import('../recovery/export-files.ts')
  const files = await exportFiles(exported, bundle.value, io.now())
  if (!files.ok) return files
  const written = await writeTogether(options.output, files.value)
  if (!written.ok) return fail(EXIT.failed, written.error, 'Nothing was written.')
  for (const each of written.value) io.out(each)
  io.say(`These files open everything in ${name}. The cluster carries a finding until its authorities are rotated.`)
  return ok(undefined)
}
