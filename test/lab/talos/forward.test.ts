import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newBundle, type Bundle } from './support/bundle.ts'
import { all, refusalOf, secure, type Clients } from './support/client.ts'
import { bringUp, configure, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, until } from './support/site.ts'

/** Control planes speak for others, as `talosctl -n` wants them to; workers speak for themselves. */
const site = newSite()
const controlPlanes = [1, 2, 3].map((number) => aGuest(number))
const worker = aGuest(4, { name: 'worker-1' })
const [one, two] = controlPlanes as [(typeof controlPlanes)[0], (typeof controlPlanes)[0]]
const NOBODY = '192.168.1.99'
let bundle: Bundle
let clients: Clients
beforeAll(async () => {
  bundle = await newBundle()
  await bringUp(site, bundle, controlPlanes)
  await configure(site, bundle, worker, { type: 'worker' })
  await until(() => nodeOf(site, worker).nodeReady, 'the worker is ready')
  clients = await secure(site.lan, one.address, bundle)
})
afterAll(() => site.close())

const asking = (...targets: readonly string[]) => ({ headers: { nodes: targets.join(', ') } })
const through = (target: string) => ({ headers: { node: target } })

describe('the header `node`', () => {
  test('leads any call to one other node, by address or by name', async () => {
    const { machine, state } = clients
    for (const target of [two.address, two.name])
      expect((await machine.hostname({}, through(target))).messages).toMatchObject([{ hostname: two.name }])
    const hostname = { namespace: 'network', type: 'HostnameStatuses.net.talos.dev', id: 'hostname' }
    const found = await state.get(hostname, through(worker.address))
    expect(found.resource?.spec?.yamlSpec).toContain('worker-1')
    const listed = await all(state.list(hostname, through(two.address)))
    expect(listed).toHaveLength(1)
  })

  test('takes the caller’s rights along', async () => {
    const reader = await secure(site.lan, one.address, bundle, { organizations: ['os:reader'] })
    expect(await refusalOf(reader.machine.reboot({}, through(two.address)))).toBe('PermissionDenied: not authorized')
    expect(await refusalOf(reader.machine.version({}, through(two.address)))).toBe('answered')
  })

  test('leads nowhere when nobody is there, or a stranger is', async () => {
    expect(await refusalOf(clients.machine.version({}, through(NOBODY)))).toMatch(/^Unavailable: connection error/)
    const stranger = aGuest(5)
    await configure(site, await newBundle(), stranger, { vip: stranger.address })
    expect(await refusalOf(clients.machine.version({}, through(stranger.address)))).toMatch(/^Unavailable/)
    expect(await refusalOf(clients.machine.version({}, through(`${two.address}, ${one.address}`)))).toBe(
      'InvalidArgument: node metadata must be single-valued',
    )
  })

  test('ends a stream when the other node goes down', async () => {
    const watching = refusalOf(all(clients.machine.dmesg({ follow: true }, through(worker.address))))
    await until(() => nodeOf(site, worker).on, 'it is on')
    const { bootId } = nodeOf(site, worker)
    await clients.machine.reboot({}, through(worker.address))
    expect(await watching).toBe('Unavailable: error reading from server: EOF')
    await until(() => nodeOf(site, worker).bootId !== bootId && nodeOf(site, worker).secured, 'it is back')
  })
})

describe('the header `nodes`', () => {
  test('joins the replies of several nodes, each with who gave it, and errors among them', async () => {
    const { messages } = await clients.machine.hostname({}, asking(one.address, two.address, NOBODY))
    expect(messages.map((message) => [message.metadata?.hostname, message.hostname])).toEqual([
      [one.address, 'cp-1'],
      [two.address, 'cp-2'],
      [NOBODY, ''],
    ])
    expect(messages[2]?.metadata?.error).toMatch(/^rpc error: code = Unavailable desc = connection error/)
    expect(messages[2]?.metadata?.status?.code).toBe(14)
  })

  test('joins streams, each item with who said it', async () => {
    const { machine } = clients
    const chunks = await all(machine.read({ path: '/etc/hostname' }, asking(one.address, two.address, NOBODY)))
    const said = new Map(chunks.map((chunk) => [chunk.metadata?.hostname, Buffer.from(chunk.bytes).toString().trim()]))
    expect(said).toEqual(
      new Map([
        [one.address, 'cp-1'],
        [two.address, 'cp-2'],
        [NOBODY, ''],
      ]),
    )
  })

  test('is refused for services whose replies have no room for names', async () => {
    const { state } = clients
    const call = state.get({ namespace: 'x', type: 'x', id: 'x' }, asking(one.address))
    expect(await refusalOf(call)).toBe(
      'InvalidArgument: one-2-many proxying is not supported for method /cosi.resource.State/Get',
    )
  })
})

test('a worker answers for itself only', async () => {
  const { machine } = await secure(site.lan, worker.address, bundle)
  expect(await refusalOf(machine.version({}, asking(worker.address)))).toBe('answered')
  expect(await refusalOf(machine.version({}, through(worker.address)))).toBe('answered')
  expect(await refusalOf(machine.version({}, asking(one.address)))).toBe('PermissionDenied: no request forwarding')
  expect(await refusalOf(machine.version({}, through(one.address)))).toBe('PermissionDenied: no request forwarding')
})
