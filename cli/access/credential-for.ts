import { readFile } from 'node:fs/promises'
import { ok, type Result } from '#core/base/result.ts'
import type { Connection } from '../api/client.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { connectThrough } from '../tunnel/connect-through.ts'
import { accessHost } from '../tunnel/proxy-names.ts'
import { ensureProxy } from '../tunnel/running-proxy.ts'
import { readTunnelRecord, tunnelFiles, writeTunnelRecord } from '../tunnel/tunnel-record.ts'
import { assertionOf } from './assertion.ts'
import { readCertificate, RENEW_BEFORE_MS, writeCertificate } from './certificate-file.ts'
import { requestFor } from './certificate-request.ts'
import { ownCommand } from './own-command.ts'
import { requestCredential } from './request-credential.ts'

/** A certificate that holds for a while, from the file beside its key or, when that runs out, from the agent. */
export async function credentialFor(
  connection: Connection,
  io: Io,
  cluster: string,
): Promise<Result<{ readonly certificate: string; readonly key: string; readonly expiresAt: number }, Failure>> {
  const folder = dataFolder(io.env)
  const files = tunnelFiles(folder, connection.name, cluster)
  const record = await readTunnelRecord(files)
  if (!record) return fail(EXIT.failed, `This machine has not met ${cluster}.`, `Run: lanline kubeconfig ${cluster}`)
  const running = await ensureProxy(record, files, ownCommand(connection, io, ['proxy', cluster, '--serve']))
  if (!running.ok) return fail(EXIT.failed, running.error)

  const keyPath = files.keyOf('kubernetes')
  const kept = await readCertificate(files.certificateOf('kubernetes'), io.now())
  const keptKey = kept && (await readFile(keyPath, 'utf8').catch(() => undefined))
  if (kept && keptKey !== undefined) return ok(toCredential(kept.certificate, keptKey, kept.expiresAt))

  const stream = await connectThrough(record.port, `${accessHost(cluster)}:443`)
  if (!stream.ok) return fail(EXIT.failed, `${cluster} cannot be reached: ${stream.error}`)
  const { key, csr } = await requestFor('kubernetes', keyPath)
  const assertion = assertionOf({ dataFolder: folder, connection: connection.name, now: io.now })
  const issued = await requestCredential(stream.value, { what: 'kubernetes', csr, trusted: [record.agent], assertion })
  if (!issued.ok) return fail(EXIT.failed, `No certificate for ${cluster}: ${issued.error}`)
  const { answer } = issued.value
  await writeCertificate(files.certificateOf('kubernetes'), answer)
  await writeTunnelRecord(files, { ...record, machines: answer.machines })
  return ok(toCredential(answer.certificate, key, answer.expiresAt))
}

/** kubectl keeps it until the time told; it shall ask again before the certificate itself runs out. */
const toCredential = (certificate: string, key: string, expiresAt: number) => ({
  certificate,
  key,
  expiresAt: expiresAt - RENEW_BEFORE_MS / 2,
})
