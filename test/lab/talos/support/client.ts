import { createClient, type Client } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import type { Lan } from '#lab/lan/lan.ts'
import { issueLeaf, type LeafRequest } from '#lab/talos/pki.ts'
import { State } from '#lab/talos/proto/cosi_pb.js'
import { ApplyConfigurationRequest_Mode, MachineService } from '#lab/talos/proto/machine_pb.js'
import { StorageService } from '#lab/talos/proto/storage_pb.js'
import type { Bundle } from './bundle.ts'

export interface Clients {
  readonly machine: Client<typeof MachineService>
  readonly state: Client<typeof State>
  readonly storage: Client<typeof StorageService>
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
