import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import type { CredentialAnswer } from '#core/lane/access.ts'
import { pathOf, type Api } from '../api/client.ts'
import { toFailure } from '../api/problem.ts'
import { dataFolder } from '../config/paths.ts'
import { EXIT } from '../exit-codes.ts'
import { fail, type Failure } from '../failure.ts'
import type { Io } from '../io.ts'
import { createLaneClient } from '../tunnel/lane-client.ts'
import {
  readTunnelRecord,
  tunnelFiles,
  writeTunnelRecord,
  type TunnelFiles,
  type TunnelRecord,
} from '../tunnel/tunnel-record.ts'
import { assertionOf } from './assertion.ts'
import { writeCertificate } from './certificate-file.ts'
import { requestFor } from './certificate-request.ts'
import { requestCredential } from './request-credential.ts'

/**
 * First contact with a cluster, and every later `lanline kubeconfig` or `talosconfig`: a certificate from the agent, whose
 * key is remembered from then on, and the port by which tools of this machine will reach the cluster.
 */
export interface MetCluster {
  readonly record: TunnelRecord
  readonly files: TunnelFiles
  readonly answer: CredentialAnswer
  /** PKCS#8 PEM. */
  readonly key: string
  /** The agent is believed since just now, because the API names it. */
  readonly agentIsNew: boolean
}

export interface MeetOptions {
  readonly what: 'kubernetes' | 'talos'
  readonly trustAgent: boolean
  readonly newPort: boolean
}

const TicketView = z.object({
  ticket: z.string(),
  laneUrl: z.string(),
  clusterUid: z.string(),
  agents: z.array(z.string()).max(100),
})

export async function meetCluster(
  api: Api,
  io: Io,
  cluster: string,
  options: MeetOptions,
): Promise<Result<MetCluster, Failure>> {
  const { what } = options
  const folder = dataFolder(io.env)
  const ticket = await api.call({
    method: 'POST',
    path: pathOf('clusters', cluster, 'lane-tickets'),
    body: { purpose: 'credential' },
    answer: TicketView,
  })
  if (!ticket.ok) return err(toFailure(ticket.error, io.style))
  const { clusterUid, agents } = ticket.value.value
  const files = tunnelFiles(folder, api.connection.name, cluster)
  const found = await readTunnelRecord(files)
  const known = found?.clusterUid === clusterUid ? found : undefined
  const pinned = known !== undefined && !options.trustAgent

  const lane = createLaneClient(async () => ok(ticket.value.value))
  try {
    const connection = await lane.open({ kind: 'access', clusterUid })
    if (!connection.ok) return fail(EXIT.failed, `${cluster} cannot be reached: ${connection.error}`)
    const { key, csr } = await requestFor(what, files.keyOf(what))
    const assertion = assertionOf({
      dataFolder: folder,
      connection: api.connection.name,
      now: io.now,
    })
    const trusted = pinned ? [known.agent] : agents
    const issued = await requestCredential(connection.value, { what, csr, trusted, assertion })
    if (!issued.ok) return fail(EXIT.failed, `No certificate for ${cluster}: ${issued.error}`)
    const { answer, agent } = issued.value
    const port = known && !options.newPort ? known.port : await freePort()
    const record: TunnelRecord = { clusterName: cluster, clusterUid, port, agent, machines: answer.machines }
    await writeTunnelRecord(files, record)
    await writeCertificate(files.certificateOf(what), answer)
    return ok({ record, files, answer, key, agentIsNew: !pinned })
  } finally {
    lane.close()
  }
}

/** Random and not the next free one, so that two clusters do not take each other's after a restart. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
