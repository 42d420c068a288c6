import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBolt, writeBolt } from '#lab/talos/bolt.ts'
import { makeSnapshot, readSnapshot } from '#lab/talos/etcd-snapshot.ts'
import { newBundle, type Bundle } from './support/bundle.ts'
import { all, refusalOf, secure } from './support/client.ts'
import { bringUp, configure, nodeOf } from './support/cluster.ts'
import { aGuest, newSite, until, type Site } from './support/site.ts'

let site: Site
let bundle: Bundle
beforeEach(async () => {
  site = newSite()
  bundle = await newBundle()
})
afterEach(() => site.close())

const guest = aGuest(1)
const snapshotOf = async () => {
  const { machine } = await secure(site.lan, guest.address, bundle)
  return Buffer.concat((await all(machine.etcdSnapshot({}))).map((chunk) => chunk.bytes))
}
const upload = async function* (bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 4096) yield { bytes: bytes.subarray(at, at + 4096) }
}
/** Wipes what etcd has, and comes back. */
const loseEtcd = async () => {
  const { machine } = await secure(site.lan, guest.address, bundle)
  const { bootId } = nodeOf(site, guest)
  await machine.reset({ graceful: false, reboot: true, systemPartitionsToWipe: [{ label: 'EPHEMERAL', wipe: true }] })
  await until(() => nodeOf(site, guest).bootId !== bootId && nodeOf(site, guest).etcdWaiting, 'etcd waits again')
}
const put = (name: string) =>
  site.world.cluster(bundle.id).kubernetes.store.put('namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  })
const namespaces = () =>
  site.world
    .cluster(bundle.id)
    .kubernetes.store.list('namespaces')
    .map((object) => object.metadata.name)

describe('a snapshot', () => {
  test('is whole pages and the SHA-256 of them', async () => {
    await bringUp(site, bundle, [guest])
    const bytes = await snapshotOf()
    expect(bytes.length % 512).toBe(32)
    expect(bytes.subarray(-32)).toEqual(createHash('sha256').update(bytes.subarray(0, -32)).digest())
  })

  test('brings back what Kubernetes had, on a node whose etcd is gone', async () => {
    await bringUp(site, bundle, [guest])
    put('precious')
    const bytes = await snapshotOf()
    await loseEtcd()
    const { machine } = await secure(site.lan, guest.address, bundle)
    await machine.etcdRecover(upload(bytes))
    await until(() => nodeOf(site, guest).timeSynced, 'the time is right')
    await machine.bootstrap({ recoverEtcd: true })
    expect(namespaces()).toContain('precious')
    await until(() => nodeOf(site, guest).nodeReady, 'the node is ready')
  })

  test('is taken in only while etcd waits, and used only when it is whole', async () => {
    await bringUp(site, bundle, [guest])
    const bytes = await snapshotOf()
    const before = await secure(site.lan, guest.address, bundle)
    expect(await refusalOf(before.machine.etcdRecover(upload(bytes)))).toBe(
      'FailedPrecondition: etcd service is not ready for recovery yet',
    )
    await loseEtcd()
    const { machine } = await secure(site.lan, guest.address, bundle)
    await until(() => nodeOf(site, guest).timeSynced, 'the time is right')
    expect(await refusalOf(machine.bootstrap({ recoverEtcd: true }))).toContain('no such file')
    const bent = Buffer.from(bytes)
    bent[8192 * 2] = (bent[8192 * 2] ?? 0) ^ 1
    await machine.etcdRecover(upload(bent))
    expect(await refusalOf(machine.bootstrap({ recoverEtcd: true }))).toContain('integrity check failed')
    await machine.etcdRecover(upload(bytes.subarray(0, -32)))
    expect(await refusalOf(machine.bootstrap({ recoverEtcd: true }))).toContain('integrity check failed')
    expect(await refusalOf(machine.bootstrap({ recoverEtcd: true, recoverSkipHashCheck: true }))).toBe('answered')
  })

  test('is refused without a quorum', async () => {
    const guests = [1, 2, 3].map((number) => aGuest(number))
    await bringUp(site, bundle, guests)
    for (const other of guests.slice(1)) await site.guests.powerOff(other.uuid, 'stop')
    const { machine } = await secure(site.lan, guest.address, bundle)
    expect(await refusalOf(all(machine.etcdSnapshot({})))).toMatch(/^DeadlineExceeded/)
  })
})

test('keys go through a snapshot unharmed, however many', () => {
  const contents = new Map(Array.from({ length: 3_000 }, (_, index) => [`/registry/x/${index}`, `value ${index} ü`]))
  const read = readSnapshot(makeSnapshot(contents, 10n, 3n), false)
  expect(read.ok && read.value).toEqual(contents)
})

test('a database that was not written whole is not understood', () => {
  const database = writeBolt([['key', [[Buffer.from('a'), Buffer.from('b')]]]])
  expect(readBolt(database, 'key')).toMatchObject({ ok: true })
  expect(readBolt(database, 'other').ok).toBe(false)
  expect(readBolt(database.subarray(0, 8192), 'key').ok).toBe(false)
  database.fill(0, 16, 100)
  database.fill(0, 4096 + 16, 4096 + 100)
  expect(readBolt(database, 'key').ok).toBe(false)
})

test('alarms are told and taken back, and defragmenting gives back what was free', async () => {
  await configure(site, bundle, guest)
  const cluster = await bringUp(site, bundle, [aGuest(2)])
  const { machine } = await secure(site.lan, aGuest(2).address, bundle)
  const [member] = cluster.etcd.members()
  cluster.etcd.alarms.set(member?.id ?? 0n, 1)
  expect((await machine.etcdAlarmList({})).messages[0]?.memberAlarms).toMatchObject([
    { memberId: member?.id, alarm: 1 },
  ])
  await machine.etcdAlarmDisarm({})
  expect((await machine.etcdAlarmList({})).messages[0]?.memberAlarms).toEqual([])
  const size = async () => (await machine.etcdStatus({})).messages[0]?.memberStatus?.dbSize ?? 0n
  const before = await size()
  await machine.etcdDefragment({})
  expect(await size()).toBeLessThan(before)
})
