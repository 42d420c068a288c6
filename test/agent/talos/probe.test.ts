import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { servingCertificate } from '#test/support/serving-certificate.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { aResource, dialerTo, startTalosServer, type TalosServer } from '#test/support/talos-server.ts'
import { talosNode } from '#agent/talos/grpc-node.ts'
import { probeNode } from '#agent/talos/probe.ts'
import type { ClientIdentity } from '#agent/vault/client-identity.ts'
import { createAuthority, pemOf } from '#agent/vault/pki.ts'
import { mintTalosClient } from '#agent/vault/mint.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

const ADDRESS = '192.168.1.51'
const UUID = '4c4c4544-0000-4000-8000-000000000001'
const DAY_MS = 86_400_000
const answers = { state: { get: () => ({ resource: aResource(`uuid: ${UUID}`) }) } }

let bundle: SecretsBundle
let credentials: ClientIdentity
beforeAll(async () => {
  bundle = await aBundle()
  credentials = await mintTalosClient(bundle, ['os:admin'], DAY_MS, Date.now())
})

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

type Authority = { crt: string; key: string }

async function serve(
  authority: Authority | undefined,
  addresses = [ADDRESS],
  validFrom?: number,
): Promise<TalosServer> {
  const serving = await servingCertificate({ authority, addresses, ...(validFrom ? { validFrom } : {}) })
  const clientCa = authority && pemOf(authority.crt)
  const server = await startTalosServer({ serving, clientCa, answers })
  open.push(server)
  return server
}

const probe = (port: number | undefined, withCredentials = true) =>
  probeNode({
    dialer: dialerTo(new Map(port === undefined ? [] : [[ADDRESS, port]])),
    address: ADDRESS,
    credentials: withCredentials ? credentials : undefined,
  })

describe('probing an address', () => {
  test('nobody answers', async () => {
    expect(await probe(undefined)).toMatchObject({ is: 'absent', problem: { code: 'node-unreachable' } })
  })

  test('a machine without a configuration says who it claims to be', async () => {
    const { port } = await serve(undefined)
    expect(await probe(port)).toEqual({ is: 'maintenance', uuid: UUID })
    expect(await probe(port, false)).toEqual({ is: 'maintenance', uuid: UUID })
  })

  test('a node of our cluster proves who it is', async () => {
    const { port } = await serve(bundle.certs.os)
    expect(await probe(port)).toEqual({ is: 'configured', uuid: UUID })
  })

  test('without credentials a configured node is seen but not named', async () => {
    const { port } = await serve(bundle.certs.os)
    expect(await probe(port, false)).toEqual({ is: 'configured', uuid: undefined })
  })

  test('a node of another cluster is foreign', async () => {
    const { port } = await serve(await createAuthority('ed25519', 'talos', Date.now()))
    expect(await probe(port)).toMatchObject({ is: 'foreign', problem: { code: 'node-unauthorized' } })
  })

  test('a node of ours at an address that is not its own is foreign', async () => {
    const { port } = await serve(bundle.certs.os, ['192.168.1.99'])
    expect(await probe(port)).toMatchObject({ is: 'foreign' })
  })

  test('a node whose clock is wrong is absent until its clock is right', async () => {
    const { port } = await serve(bundle.certs.os, [ADDRESS], Date.now() + DAY_MS)
    expect(await probe(port)).toMatchObject({ is: 'absent', problem: { facts: { reason: 'clock-skewed' } } })
  })

  test('something that speaks no TLS is foreign, something that hangs up is absent', async () => {
    const talk = await listen((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'))
    expect(await probe(talk)).toMatchObject({ is: 'foreign', problem: { code: 'node-foreign' } })
    const hangUp = await listen((socket) => socket.end())
    expect(await probe(hangUp)).toMatchObject({ is: 'absent' })
  })
})

test('in maintenance the machine that named itself is the one that is spoken to afterwards', async () => {
  const ports = new Map([[ADDRESS, (await serve(undefined)).port]])
  const node = talosNode({ dialer: dialerTo(ports), address: ADDRESS, credentials: 'maintenance' })
  open.push(node)
  expect((await node.readIdentity()).ok).toBe(true)

  // Somebody else takes over the address; the connection is lost and made again.
  const other = await serve(undefined)
  ports.set(ADDRESS, other.port)
  for (const server of open) if ('cut' in server && server !== other) (server as TalosServer).cut()
  await expect
    .poll(async () => {
      const answer = await node.readIdentity()
      return answer.ok ? 'ok' : answer.error.facts['reason']
    })
    .toBe('restarted')
})

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    onSocket(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return (server.address() as AddressInfo).port
}
