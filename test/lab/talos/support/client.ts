import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Lan } from '#lab/lan/lan.ts'
import { issueLeaf, type LeafRequest } from '#lab/talos/pki.ts'
import { State } from '#lab/talos/proto/cosi_pb.js'
import { ApplyConfigurationRequest_Mode, MachineService } from '#lab/talos/proto/machine_pb.js'
import { ClusterService } from '#lab/talos/proto/cluster_pb.js'
import { ImageService } from '#lab/talos/proto/image_pb.js'
import { LifecycleService } from '#lab/talos/proto/lifecycle_pb.js'
import { StorageService } from '#lab/talos/proto/storage_pb.js'
import { TimeService } from '#lab/talos/proto/time_pb.js'
import type { Bundle } from './bundle.ts'

export interface Clients {
  readonly machine: Client<typeof MachineService>
  readonly state: Client<typeof State>
  readonly storage: Client<typeof StorageService>
  readonly image: Client<typeof ImageService>
  readonly lifecycle: Client<typeof LifecycleService>
  readonly cluster: Client<typeof ClusterService>
  readonly time: Client<typeof TimeService>
}

/** Where an address leads; tests connect to the loopback port and leave the SOCKS server to its own tests. */
export function portOf(lan: Lan, address: string, port: number): number | undefined {
  const route = lan.route(address, port)
  return route.kind === 'service' ? route.loopbackPort : undefined
}

function clientsFor(port: number, nodeOptions: Record<string, unknown>): Clients {
  const transport = createGrpcTransport({
    baseUrl: `https://127.0.0.1:${port}`,
    nodeOptions: { ...nodeOptions, checkServerIdentity: () => undefined },
    defaultTimeoutMs: 5_000,
  })
  return {
    machine: createClient(MachineService, transport),
    state: createClient(State, transport),
    storage: createClient(StorageService, transport),
    image: createClient(ImageService, transport),
    lifecycle: createClient(LifecycleService, transport),
    cluster: createClient(ClusterService, transport),
    time: createClient(TimeService, transport),
  }
}

/** Without a certificate and without asking for one, as towards a node in maintenance mode. */
export const insecure = (lan: Lan, address: string): Clients => {
  const port = portOf(lan, address, 50_000)
  if (port === undefined) throw new Error(`nothing listens on ${address}:50000`)
  return clientsFor(port, { rejectUnauthorized: false })
}

export async function secure(
  lan: Lan,
  address: string,
  bundle: Bundle,
  override: Partial<LeafRequest> = {},
  signer = bundle.os,
): Promise<Clients> {
  const port = portOf(lan, address, 50_000)
  if (port === undefined) throw new Error(`nothing listens on ${address}:50000`)
  const leaf = await issueLeaf(signer, {
    organizations: ['os:admin'],
    usage: 'client',
    keyType: 'ed25519',
    lifetimeMs: 3_600_000,
    at: Date.now(),
    ...override,
  })
  return clientsFor(port, { ca: bundle.os.certPem, cert: leaf.certPem, key: leaf.keyPem })
}

export const apply = (clients: Clients, config: string, mode = ApplyConfigurationRequest_Mode.AUTO, dryRun = false) =>
  clients.machine.applyConfiguration({ data: Buffer.from(config), mode, dryRun })

/** The code and the words of a refusal; `answered` when there was none. */
export const refusalOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: unknown) => {
      const { code, rawMessage } = ConnectError.from(error)
      return `${Code[code]}: ${rawMessage}`
    },
  )

/** Everything a stream yields. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

/** The bytes of a stream of chunks, as text. */
export async function textOf(stream: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  return Buffer.concat((await all(stream)).map((chunk) => chunk.bytes)).toString('utf8')
}
