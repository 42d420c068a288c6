import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newBundle, type Bundle } from './support/bundle.ts'
import { secure } from './support/client.ts'
import { bootstrapOn, bringUp, configure, inMaintenance, nodeOf } from './support/cluster.ts'
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
const codes = () => site.world.violations.all().map((violation) => violation.code)

const said = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: unknown) => `${Code[ConnectError.from(error).code] ?? ''}: ${ConnectError.from(error).rawMessage}`,
  )

describe('bootstrap', () => {
  test('is refused until the time is right, heard once, and then says that it was done', async () => {
    await configure(site, bundle, one)
    const { machine } = await secure(site.lan, one.address, bundle)
    const node = nodeOf(site, one)
    await until(() => node.timeSynced && node.etcdWaiting, 'bootstrap would be heard')
    // Both come by themselves within a moment; each is taken back here, so that no call has to fall into that moment.
    node.timeSynced = false
    expect(await said(machine.bootstrap({}))).toBe('FailedPrecondition: time is not in sync yet')
    node.timeSynced = true
    node.etcdWaiting = false
    expect(await said(machine.bootstrap({}))).toBe('FailedPrecondition: bootstrap is not available yet')
    node.etcdWaiting = true
    expect(await said(machine.bootstrap({}))).toBe('answered')
    expect(await said(machine.bootstrap({}))).toBe('AlreadyExists: etcd data directory is not empty')
    expect(codes()).toEqual([])
  })

  test('on a worker is the wrong node', async () => {
    await bringUp(site, bundle, [one])
    const worker = aGuest(4, { name: 'worker-1' })
    await configure(site, bundle, worker, { type: 'worker' })
    await until(() => nodeOf(site, worker).secured, 'the worker serves')
    const { machine } = await secure(site.lan, worker.address, bundle)
    expect(await said(machine.bootstrap({}))).toBe('InvalidArgument: etcd is not configured, bootstrap is not possible')
  })

  test('of a second cluster with the same id is refused and goes on record', async () => {
    await Promise.all([configure(site, bundle, one), configure(site, bundle, two)])
    await until(() => nodeOf(site, two).etcdWaiting && nodeOf(site, one).etcdWaiting, 'both wait')
    // Both are asked at the same moment, as by a caller that lost an answer and tried elsewhere.
    const [first, second] = await Promise.all([
      secure(site.lan, one.address, bundle).then((clients) => said(clients.machine.bootstrap({}))),
      secure(site.lan, two.address, bundle).then((clients) => said(clients.machine.bootstrap({}))),
    ])
    expect([first, second].filter((answer) => answer === 'answered')).toHaveLength(1)
    expect(codes()).toEqual(['second-bootstrap'])
  })

  test('is possible again after every disk that held the cluster is gone', async () => {
    await bringUp(site, bundle, [one])
    await site.guests.powerOff(one.uuid, 'stop')
    site.guests.eraseDisk('disk-1')
    const cluster = await bringUp(site, bundle, [{ ...one, disk: { ...one.disk!, id: 'disk-1b' } }])
    expect(cluster.etcd.members()).toHaveLength(1)
    expect(codes()).toEqual([])
  })
})

describe('members', () => {
  test('a control plane leaves in order: leadership, membership, reset; the others stay a quorum', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const leader = cluster.etcd.member(cluster.etcd.leader)
    const leaving = guests.find((guest) => guest.name === leader?.name) ?? one
    const { machine } = await secure(site.lan, leaving.address, bundle)
    const forfeited = await machine.etcdForfeitLeadership({})
    expect(forfeited.messages[0]?.member).not.toBe('')
    await machine.etcdLeaveCluster({})
    expect(cluster.etcd.members()).toHaveLength(2)
    expect(cluster.etcd.hasQuorum()).toBe(true)
    await machine.reset({ graceful: true, reboot: false })
    await until(() => !nodeOf(site, leaving).on, 'it turned itself off')
    expect(nodeOf(site, leaving).disk).toMatchObject({ bootable: false, config: undefined, etcdMember: undefined })
    expect(codes()).toEqual([])
  })

  test('the only member cannot forfeit or leave', async () => {
    await bringUp(site, bundle, [one])
    const { machine } = await secure(site.lan, one.address, bundle)
    expect(await said(machine.etcdForfeitLeadership({}))).toBe(
      'FailedPrecondition: cannot forfeit leadership, only one member',
    )
    expect(await said(machine.etcdLeaveCluster({}))).toContain('FailedPrecondition')
  })

  test('a dead member can be removed by its id; without a quorum nothing can', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const { machine } = await secure(site.lan, one.address, bundle)
    await site.guests.powerOff(three.uuid, 'stop')
    const dead = cluster.etcd.members().find((member) => member.name === 'cp-3')
    await site.guests.powerOff(two.uuid, 'stop')
    expect(await said(machine.etcdRemoveMemberByID({ memberId: dead?.id ?? 0n }))).toContain('FailedPrecondition')
    expect(await said(machine.etcdMemberList({}))).toContain('DeadlineExceeded')
    site.guests.powerOn(two)
    await until(() => cluster.etcd.hasQuorum(), 'quorum again')
    expect(await said(machine.etcdRemoveMemberByID({ memberId: dead?.id ?? 0n }))).toBe('answered')
    expect(await said(machine.etcdRemoveMemberByID({ memberId: 1n }))).toBe('NotFound: etcdserver: member not found')
    // The removed one comes back and finds that it is a member no more.
    site.guests.powerOn(three)
    await until(() => nodeOf(site, three).services.find('etcd')?.state === 'Failed', 'etcd fails')
  })

  test('a living member whose leaving would cost the quorum stays, and the wish goes on record', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const { machine } = await secure(site.lan, one.address, bundle)
    await until(() => cluster.etcd.members().filter((member) => !member.learner).length === 3, 'three voters')
    await site.guests.powerOff(three.uuid, 'stop')
    const living = cluster.etcd.members().find((member) => member.name === 'cp-2')?.id ?? 0n
    expect(await said(machine.etcdRemoveMemberByID({ memberId: living }))).toBe(
      'FailedPrecondition: etcdserver: unhealthy cluster',
    )
    expect(cluster.etcd.members()).toHaveLength(3)
    expect(codes()).toEqual(['removal-against-quorum'])
  })

  test('a machine made anew under an old name replaces the stale member', async () => {
    const cluster = await bringUp(site, bundle, guests)
    const old = cluster.etcd.members().find((member) => member.name === 'cp-3')?.id
    await site.guests.powerOff(three.uuid, 'stop')
    const anew = { ...three, uuid: '11111111-0000-4000-8000-000000000003', disk: { ...three.disk!, id: 'disk-3b' } }
    await configure(site, bundle, anew)
    await until(() => nodeOf(site, anew).nodeReady, 'the new one is ready')
    const members = cluster.etcd.members().filter((member) => member.name === 'cp-3')
    expect(members).toHaveLength(1)
    expect(members[0]?.id).not.toBe(old)
  })
})

describe('reset', () => {
  test('of both system partitions with a reboot ends in maintenance mode', async () => {
    await bringUp(site, bundle, [one])
    const { machine } = await secure(site.lan, one.address, bundle)
    const wipe = true
    await machine.reset({
      graceful: false,
      reboot: true,
      systemPartitionsToWipe: [
        { label: 'STATE', wipe },
        { label: 'EPHEMERAL', wipe },
      ],
    })
    await inMaintenance(site, one)
    expect(nodeOf(site, one).disk).toMatchObject({ bootable: true, config: undefined, etcdMember: undefined })
  })

  test('tells the hypervisor when the guest turned itself off', async () => {
    const off: string[] = []
    site.guests.onOff((uuid) => off.push(uuid))
    await configure(site, bundle, one)
    await bootstrapOn(site, bundle, one)
    const { machine } = await secure(site.lan, one.address, bundle)
    await machine.shutdown({})
    await until(() => off.length > 0, 'the guest is off')
    expect(off).toEqual([one.uuid])
  })
})
