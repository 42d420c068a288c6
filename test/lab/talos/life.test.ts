import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { machineConfig, newBundle, type Bundle } from './support/bundle.ts'
import { apply, insecure, portOf, secure } from './support/client.ts'
import { bootstrapOn, bringUp, configure, inMaintenance, nodeOf, VIP } from './support/cluster.ts'
import { aGuest, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const guests = [1, 2, 3].map((number) => aGuest(number))
const [one, two, three] = guests as [(typeof guests)[0], (typeof guests)[0], (typeof guests)[0]]

describe('the life of a Talos cluster', () => {
  test('three control planes go from power on to three ready nodes, one of them holding the VIP', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const members = cluster.etcd.members()
    expect(new Set(members.map((member) => member.name))).toEqual(new Set(['cp-1', 'cp-2', 'cp-3']))
    expect(members.some((member) => member.learner)).toBe(false)
    expect(cluster.kubernetes.nodes().map((node) => node.metadata.name)).toEqual(['cp-1', 'cp-2', 'cp-3'])
    expect(portOf(site.lan, VIP, 6443)).toBeDefined()
    expect(site.world.violations.all()).toEqual([])
    await until(() => guests.every((guest) => nodeOf(site, guest).stage === 'running'), 'every node is running')
  })

  test('the VIP does not answer before bootstrap', async () => {
    await configure(site, bundle, one)
    expect(site.lan.route(VIP, 6443)).toEqual({ kind: 'unreachable' })
  })

  test('learners join one at a time', async () => {
    await configure(site, bundle, one)
    await bootstrapOn(site, bundle, one)
    const { etcd } = site.world.cluster(bundle.id)
    let most = 0
    site.world.changes.listen(() => {
      most = Math.max(most, etcd.members().filter((member) => member.learner).length)
    })
    await Promise.all([configure(site, bundle, two), configure(site, bundle, three)])
    await until(
      () =>
        site.world
          .cluster(bundle.id)
          .etcd.members()
          .filter((member) => !member.learner).length === 3,
      'three voters',
    )
    expect(most).toBeLessThanOrEqual(1)
  })

  test('a worker gets its certificate only from a control plane, and then a node of its own', async () => {
    const worker = aGuest(4, { name: 'worker-1' })
    await configure(site, bundle, worker, { type: 'worker' })
    await until(() => nodeOf(site, worker).services.find('apid')?.state === 'Waiting', 'the worker waits for trustd')
    expect(portOf(site.lan, worker.address, 50_000)).toBeUndefined()
    const cluster = await bringUp(site, bundle, [one])
    await until(() => nodeOf(site, worker).nodeReady, 'the worker is ready')
    const seen = cluster.kubernetes.store.find('nodes', 'worker-1')
    expect(seen?.metadata.labels).not.toHaveProperty('node-role.kubernetes.io/control-plane')
    const clients = await secure(site.lan, worker.address, bundle)
    expect((await clients.machine.version({})).messages[0]?.version?.tag).toBe('v1.13.9')
  })

  test('a power cut loses nothing: the node comes back as the member it was, without maintenance mode', async () => {
    const cluster = await bringUp(site, bundle, [one])
    const before = cluster.etcd.members().map((member) => member.id)
    await site.guests.powerOff(one.uuid, 'stop')
    expect(site.lan.route(one.address, 50_000)).toEqual({ kind: 'unreachable' })
    expect(cluster.etcd.hasQuorum()).toBe(false)
    site.guests.powerOn(one)
    await until(() => nodeOf(site, one).nodeReady, 'ready again')
    expect(cluster.etcd.members().map((member) => member.id)).toEqual(before)
  })

  test('an erased disk makes the machine new: it asks for a configuration again', async () => {
    await configure(site, bundle, one)
    await site.guests.powerOff(one.uuid, 'stop')
    site.guests.eraseDisk('disk-1')
    site.guests.powerOn(one)
    await inMaintenance(site, one)
    expect(nodeOf(site, one).disk?.config).toBeUndefined()
  })

  test('a guest without an image never listens', async () => {
    site = newSite(10_000)
    site.guests.powerOn(aGuest(1, { disk: { id: 'empty', sizeGiB: 32, image: undefined } }))
    await site.world.time.pass(60_000)
    expect(site.lan.services()).toEqual([])
  })

  test('the VIP moves to another control plane when its holder dies', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const holder = cluster.holders().get(VIP)
    const dying = guests.find((guest) => guest.name === holder)
    await site.guests.powerOff(dying?.uuid ?? '', 'stop')
    expect(portOf(site.lan, VIP, 6443)).toBeUndefined()
    const next = await until(() => cluster.holders().get(VIP), 'somebody holds the VIP')
    expect(next).not.toBe(holder)
    expect(portOf(site.lan, VIP, 6443)).toBeDefined()
  })

  test('the diary tells how long a node was busy, in real time', async () => {
    await bringUp(site, bundle, [one])
    const kinds = site.trace.intervals().map((interval) => interval.kind)
    expect(kinds).toEqual(
      expect.arrayContaining([
        'node.boot',
        'node.configure',
        'kubelet.start',
        'etcd.bootstrap',
        'controlplane.start',
        'node.ready',
      ]),
    )
    const boot = site.trace.intervals().find((interval) => interval.kind === 'node.boot')
    expect((boot?.endMs ?? 0) - (boot?.startMs ?? 0)).toBeGreaterThanOrEqual(35)
  })
})

describe('what goes on record as a violation', () => {
  const codes = () => site.world.violations.all().map((violation) => violation.code)

  test('two guests that take one address', async () => {
    const twin = aGuest(2, {
      cloudInit: {
        hostname: 'twin',
        nameservers: [],
        nics: [{ mac: two.mac, address: `${one.address}/24`, gateway: undefined }],
      },
    })
    site.guests.powerOn(one)
    site.guests.powerOn(twin)
    await until(() => codes().includes('duplicate-address'), 'the conflict is seen')
    expect(site.lan.conflicts()[0]?.address).toBe(one.address)
  })

  test('two guests with one MAC', () => {
    site.guests.powerOn(one)
    site.guests.powerOn(aGuest(2, { nics: one.nics }))
    expect(codes()).toContain('duplicate-mac')
  })

  test('a configuration applied to another machine than it was made for', async () => {
    site.guests.powerOn(one)
    site.guests.powerOn(two)
    await inMaintenance(site, two)
    await apply(
      insecure(site.lan, two.address),
      machineConfig(bundle, { hostname: 'cp-1', address: one.address, mac: two.mac }),
    )
    expect(codes()).toEqual(['config-for-another-machine'])
  })

  test('an erased guest is nobody whose configuration could be meant', async () => {
    site.guests.powerOn(one)
    await site.guests.powerOff(one.uuid, 'stop')
    site.guests.eraseDisk(one.disk?.id ?? '')
    site.guests.powerOn(two)
    await inMaintenance(site, two)
    await apply(
      insecure(site.lan, two.address),
      machineConfig(bundle, { hostname: 'cp-1', address: one.address, mac: two.mac }),
    )
    expect(codes()).toEqual([])
  })
})
