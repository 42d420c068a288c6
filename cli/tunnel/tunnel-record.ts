import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { Name, Uid } from '#core/model/ids.ts'

/**
 * What this machine remembers of the way to one cluster: the port that its kubeconfig names, the agent it trusts, and the
 * machines that may be named to the proxy. Nothing in it is secret; keys lie beside it.
 */
export const TunnelRecord = z.object({
  clusterName: Name,
  clusterUid: Uid,
  /** Of the loopback proxy; chosen once, because kubeconfigs name it. */
  port: z.int().min(1024).max(65_535),
  /** Fingerprint of the agent that was met first. */
  agent: z.string().max(64),
  machines: z
    .array(z.object({ name: Name, role: z.enum(['controlplane', 'worker']), address: z.string().max(64) }))
    .max(300),
})
export type TunnelRecord = z.infer<typeof TunnelRecord>

export interface TunnelFiles {
  readonly folder: string
  readonly record: string
  readonly log: string
  /** Of the proxy that runs, for whoever wants to end it. */
  readonly pid: string
  readonly keyOf: (what: string) => string
  readonly certificateOf: (what: string) => string
}

/** `connection` names the API, so that two deployments with a cluster of one name do not meet. */
export function tunnelFiles(dataFolder: string, connection: string, cluster: string): TunnelFiles {
  const folder = join(dataFolder, 'tunnels', connection, cluster)
  return {
    folder,
    record: join(folder, 'tunnel.json'),
    log: join(folder, 'proxy.log'),
    pid: join(folder, 'proxy.pid'),
    keyOf: (what) => join(folder, `${what}-key.pem`),
    certificateOf: (what) => join(folder, `${what}-certificate.json`),
  }
}

export async function readTunnelRecord(files: TunnelFiles): Promise<TunnelRecord | undefined> {
  const text = await readFile(files.record, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return TunnelRecord.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export const writeTunnelRecord = (files: TunnelFiles, record: TunnelRecord): Promise<void> =>
  writePrivate(files.record, `${JSON.stringify(record, null, 2)}\n`)

/** As a whole or not at all, and only for its owner. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
