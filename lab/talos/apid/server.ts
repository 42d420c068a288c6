import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createContextValues, type ConnectRouter } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { invariant } from '#core/base/invariant.ts'
import type { SigningAuthority } from '../pki.ts'
import { CLIENT_AUTH, ephemeralAuthority, issueLeaf, type Leaf } from '../pki.ts'
import { bare } from '../network.ts'
import type { TalosNode } from '../node.ts'
import { clusterService } from './cluster-service.ts'
import { forwarding } from './forward.ts'
import { imageService } from './image-service.ts'
import { innerApi, type InnerApi } from './inner-api.ts'
import { inspectService } from './inspect-service.ts'
import { lifecycleService } from './lifecycle-service.ts'
import { machineService, maintenanceService } from './machine-service.ts'
import { callerKey, checkRoles, type Caller } from './roles.ts'
import { stateService } from './state-service.ts'
import { storageService } from './storage-service.ts'
import { timeService } from './time-service.ts'

/**
 * A node's API on port 50000: gRPC over TLS. In maintenance mode the certificate is fresh and self-made and nobody
 * needs one to call; afterwards both sides must show one of the cluster's authority.
 */
export interface Apid {
  readonly mode: 'maintenance' | 'secure'
  readonly port: number
  /** The same API, for control planes that speak for this node. */
  readonly inner: InnerApi
  /** Makes a new server certificate, after names or addresses changed. Open connections keep the old one. */
  readonly renew: (() => Promise<void>) | undefined
  /** Lets calls under way finish for a moment, unless the power is gone. */
  close(how?: 'abruptly'): Promise<void>
}

const DAY_MS = 24 * 3_600_000
/** Talos' own limit on a message. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024
/** Real time that calls get to finish when a server goes in peace. */
const CLOSE_GRACE_MS = 250

export async function startMaintenance(node: TalosNode): Promise<Apid> {
  const authority = await ephemeralAuthority('talos', node.world.time.now())
  const leaf = await leafFor(node, authority, 'maintenance-service.talos.dev', 'maintenance')
  const server = createSecureServer({ ...tlsOf(leaf, authority.certPem), requestCert: false })
  const caller: Caller = { roles: new Set(['os:reader']), maintenance: true }
  // A fresh chain is made at every boot and lasts until the node is configured.
  return listen(node, 'maintenance', server, () => caller, undefined)
}

export async function startSecure(node: TalosNode): Promise<Apid> {
  const tls = async (authority: SigningAuthority) => ({
    ...tlsOf(await leafFor(node, authority, node.hostname, 'cluster'), authority.certPem),
    ca: node.config?.osCa.certPem ?? authority.certPem,
  })
  const first = findSigner(node)
  invariant(first, 'a node serves its cluster only after somebody can sign for it')
  const server = createSecureServer({ ...(await tls(first)), requestCert: true, rejectUnauthorized: true })
  server.on('session', (session: ServerHttp2Session) => {
    // Talos breaks the handshake of a certificate that is good for anything but a client.
    const usages = (session.socket as TLSSocket).getPeerCertificate().ext_key_usage ?? []
    if (usages.length !== 1 || usages[0] !== CLIENT_AUTH) session.destroy()
  })
  const callerOf = (socket: TLSSocket): Caller => {
    const organizations = socket.getPeerCertificate().subject.O as string | readonly string[] | undefined
    const roles = organizations === undefined ? [] : typeof organizations === 'string' ? [organizations] : organizations
    return { roles: new Set(roles), maintenance: false }
  }
  return listen(node, 'secure', server, callerOf, async () => {
    // Without a control plane a worker keeps the certificate it has.
    const signer = findSigner(node)
    if (signer) server.setSecureContext(await tls(signer))
  })
}

/** A control plane signs for itself; a worker has a control plane's trustd sign, when there is one. */
function findSigner(node: TalosNode): SigningAuthority | undefined {
  const own = node.config?.controlPlane?.osCa
  return own ?? node.cluster?.signerFor(node.config?.machineToken ?? '')?.config?.controlPlane?.osCa
}

const tlsOf = (leaf: Leaf, chainPem: string) => ({
  key: leaf.keyPem,
  cert: leaf.certPem + chainPem,
  minVersion: 'TLSv1.2' as const,
  ALPNProtocols: ['h2'],
})

function leafFor(
  node: TalosNode,
  authority: SigningAuthority,
  commonName: string,
  kind: 'maintenance' | 'cluster',
): Promise<Leaf> {
  const addresses = node.links.flatMap((link) => link.addresses).map(bare)
  const names =
    kind === 'maintenance'
      ? [...addresses, '127.0.0.1']
      : [...addresses, '127.0.0.1', node.hostname, ...(node.config?.certSans ?? [])]
  return issueLeaf(authority, {
    commonName,
    names,
    usage: 'server',
    keyType: 'ed25519',
    lifetimeMs: DAY_MS,
    at: node.world.time.now(),
  })
}

/** What is served: all of it, or in the maintenance mode of Talos up to 1.12 the little there is. */
function routesOf(node: TalosNode, mode: Apid['mode']): (router: ConnectRouter) => void {
  return (router) => {
    stateService(router, node)
    storageService(router, node)
    if (mode === 'maintenance' && node.edition.maintenance === 'own-service') return maintenanceService(router, node)
    machineService(router, node)
    clusterService(router, node)
    inspectService(router, node)
    timeService(router, node)
    if (!node.edition.servesLifecycle) return
    imageService(router, node)
    lifecycleService(router, node)
  }
}

async function listen(
  node: TalosNode,
  mode: Apid['mode'],
  server: Http2SecureServer,
  callerOf: (socket: TLSSocket) => Caller,
  renew: Apid['renew'],
): Promise<Apid> {
  const sessions = new Set<ServerHttp2Session>()
  const routes = routesOf(node, mode)
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('tlsClientError', () => undefined)
  server.on('sessionError', () => undefined)
  server.on(
    'request',
    connectNodeAdapter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      readMaxBytes: MAX_MESSAGE_BYTES,
      // As in Talos: what is said is said in the clear, inside TLS.
      acceptCompression: [],
      interceptors: [forwarding(node), checkRoles],
      contextValues: (request) => createContextValues().set(callerKey, callerOf(request.socket as TLSSocket)),
      routes,
    }),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    mode,
    port: (server.address() as AddressInfo).port,
    inner: innerApi(routes, node.signal),
    renew,
    async close(how) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      const destroyAll = () => {
        for (const session of sessions) session.destroy()
      }
      if (how === 'abruptly') destroyAll()
      else for (const session of sessions) session.close()
      const timer = setTimeout(destroyAll, CLOSE_GRACE_MS)
      await closed
      clearTimeout(timer)
    },
  }
}
