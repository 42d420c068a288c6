import { afterEach, describe, expect, test } from 'vitest'
import { ok } from '#core/base/result.ts'
import type { SnapshotSink, SnapshotSource } from '#agent/talos/node-etcd.ts'
import type { NodeEvent } from '#agent/talos/node-streams.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { until } from '#test/lab/talos/support/site.ts'
import { PATIENCE_MS, eventually, labSite, memberOf, must, restarted, type Born, type LabSite } from './lab-site.ts'

/** Whole journeys of upkeep between our client and the lab's nodes, which share no code with it. */
const T12: Born = { size: 1, talos: 'v1.12.11', contract: '1.12', kubernetes: 'v1.35.4' }
const T13: Born = { size: 1, talos: 'v1.13.9', contract: '1.13', kubernetes: 'v1.36.3' }
const T14: Born = { size: 1, talos: 'v1.14.0', contract: '1.14', kubernetes: 'v1.36.3' }
const SCHEMATIC = 'c'.repeat(64)
const installer = (version: string) => `factory.talos.dev/nocloud-installer/${SCHEMATIC}:${version}`
const LONG = { timeout: 180_000 }

const open: LabSite[] = []
afterEach(async () => {
  for (const lab of open.splice(0)) await lab.close()
})

async function newLab(born: Born): Promise<LabSite> {
  const lab = await labSite(born)
  open.push(lab)
  return lab
}

async function one(born: Born): Promise<{ readonly lab: LabSite; readonly node: TalosNode }> {
  const lab = await newLab(born)
  return { lab, node: lab.nodes[0]! }
}

const versionOf = async (node: TalosNode) => must(await node.version()).tag

describe('upgrading', () => {
  test('from 1.12, whose node restarts by itself, to 1.13, which is told to, to 1.14, and back', LONG, async () => {
    const { node } = await one(T12)
    expect(await versionOf(node)).toBe('v1.12.11')

    const first = must(await node.bootId())
    expect(must(await node.upgrade(installer('v1.13.9')))).toMatchObject({ restarts: 'by-itself' })
    expect(await restarted(node, first)).toMatchObject({ talosVersion: 'v1.13.9' })

    const second = must(await node.bootId())
    const lines: string[] = []
    expect(must(await node.upgrade(installer('v1.14.0'), { line: (text) => lines.push(text) }))).toEqual({
      restarts: 'when-told',
      actorId: undefined,
    })
    expect(lines.join('\n')).toContain('v1.14.0')
    // Nothing has changed until it is told to restart.
    expect(await versionOf(node)).toBe('v1.13.9')
    expect(must(await node.bootId())).toBe(second)
    must(await node.reboot('default'))
    expect(await restarted(node, second)).toMatchObject({ talosVersion: 'v1.14.0' })

    const third = must(await node.bootId())
    must(await node.rollback())
    expect(await restarted(node, third)).toMatchObject({ talosVersion: 'v1.13.9' })
    await memberOf(node, 1)
  })

  test('to an image that does not exist changes nothing', LONG, async () => {
    for (const born of [T12, T13]) {
      const { node } = await one(born)
      const before = must(await node.bootId())
      expect(await node.upgrade(installer('v9.9.9'))).toMatchObject({ ok: false, error: { code: 'image-unavailable' } })
      expect(must(await node.bootId())).toBe(before)
    }
  })

  test('an old Talos of two control planes refuses, as one of them would not be a quorum', LONG, async () => {
    const { nodes } = await newLab({ ...T12, size: 2 })
    expect(await nodes[0]!.upgrade(installer('v1.13.9'))).toMatchObject({
      ok: false,
      error: { code: 'etcd-quorum-at-risk', retry: 'later' },
    })
  })
})

test('etcd comes back from a snapshot on a node that lost its data', LONG, async () => {
  const { node } = await one(T13)
  const chunks: Uint8Array[] = []
  const sink: SnapshotSink = {
    write(chunk) {
      chunks.push(chunk)
      return Promise.resolve(ok(undefined))
    },
  }
  const taken = await eventually(() => {
    chunks.length = 0
    return node.snapshot(sink)
  }, 'a snapshot')
  expect(taken.sizeBytes % 512).toBe(32)

  async function* source(): SnapshotSource {
    for (const chunk of chunks) yield ok(chunk)
  }
  // A member that holds data takes no snapshot.
  expect(await node.recover(source(), 'snapshot')).toMatchObject({ ok: false, error: { code: 'recovery-not-ready' } })

  const before = must(await node.bootId())
  const [member] = must(await node.etcdMembers())
  must(await node.reset({ graceful: false, reboot: true, wipe: 'ephemeral' }))
  await until(
    async () => {
      const bootId = await node.bootId()
      return bootId.ok && bootId.value !== before
    },
    'another boot',
    PATIENCE_MS,
  )
  expect(await eventually(() => node.recover(source(), 'snapshot'), 'recovery')).toEqual(taken)
  expect(await eventually(() => node.bootstrapFromSnapshot('snapshot'), 'bootstrap')).toBe('started')
  await memberOf(node, 1)
  expect(must(await node.etcdMembers())[0]?.hostname).toBe(member?.hostname)
  expect(must(await node.bootstrapFromSnapshot('snapshot'))).toBe('already-bootstrapped')
})

test('control planes restart one after another, and etcd has its quorum all the while', LONG, async () => {
  const { nodes, site } = await newLab({ ...T14, size: 3 })
  for (const node of nodes) {
    const before = must(await node.bootId())
    await eventually(() => node.forfeitLeadership(), 'leadership given away')
    must(await node.reboot('default'))
    await restarted(node, before)
    for (const other of nodes) await memberOf(other, 3)
    expect(new Set((await Promise.all(nodes.map((other) => other.bootId()))).map((id) => must(id))).size).toBe(3)
  }
  expect(site.world.violations.all()).toEqual([])
})

test('a control plane that died is dropped by the others, and one that lives leaves', LONG, async () => {
  const { nodes, guests, site } = await newLab({ ...T13, size: 3 })
  const [first, second, third] = nodes as [TalosNode, TalosNode, TalosNode]
  await site.guests.powerOff(guests[2]!.uuid, 'stop')
  const dead = must(await first.etcdMembers()).find((member) => member.hostname === guests[2]!.name)
  await eventually(() => first.removeMember(dead!.id), 'the dead member is removed')
  await memberOf(second, 2)
  // Asking again finds it gone, which is what was wanted.
  expect(await first.removeMember(dead!.id)).toEqual({ ok: true, value: undefined })
  expect(await third.version()).toMatchObject({ ok: false, error: { code: 'node-unreachable' } })

  must(await second.leaveEtcd())
  await memberOf(first, 1)
  expect(await first.forfeitLeadership()).toMatchObject({ ok: false, error: { code: 'etcd-quorum-at-risk' } })
})

test('a watch lives through a restart of the node, and says that it does not know meanwhile', LONG, async () => {
  const { node } = await one(T13)
  const abort = new AbortController()
  const said: string[] = []
  const watching = (async () => {
    for await (const change of node.watch('machineStatus', abort.signal)) {
      if (!change.ok || change.value.is === 'gone') said.push('unexpected')
      else if (change.value.is === 'put') said.push(change.value.spec.stage)
      else if (change.value.is === 'lost') said.push('lost')
      else said.push(`all: ${change.value.resources.map(({ spec }) => spec.stage).join()}`)
    }
  })()
  await until(() => said[0] === 'all: running' || said.includes('running'), 'the stage as it is', PATIENCE_MS)
  const before = must(await node.bootId())
  must(await node.reboot('default'))
  await restarted(node, before)
  await until(
    () => said.indexOf('lost') > 0 && said.at(-1)?.endsWith('running') === true,
    'the stage after the restart',
    PATIENCE_MS,
  )
  abort.abort()
  await watching
  // Another boot remembers nothing of where the watch was, so all is told anew.
  expect(said.slice(said.indexOf('lost')).some((words) => words.startsWith('all: '))).toBe(true)
  expect(said).not.toContain('unexpected')
})

test('the events of a restart carry the id that the call answered', LONG, async () => {
  const { node } = await one(T13)
  const abort = new AbortController()
  const events: NodeEvent[] = []
  const following = (async () => {
    for await (const event of node.events({}, abort.signal)) if (event.ok) events.push(event.value)
  })()
  const before = must(await node.bootId())
  const actorId = must(await node.reboot('default'))
  await restarted(node, before)
  abort.abort()
  await following
  const ours = events.filter((event) => event.actorId === actorId)
  expect(ours.some((event) => event.is === 'sequence' && event.sequence === 'reboot')).toBe(true)
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
})

test.each([T12, T13, T14])('a node of $talos tells all we ask for', LONG, async (born) => {
  const { lab, node } = await one(born)
  const { guests } = lab
  const guest = guests[0]!
  expect((await eventually(() => node.kubeconfig(), 'a kubeconfig')).reveal()).toContain('apiVersion: v1')
  expect(must(await node.disks())[0]).toMatchObject({ path: '/dev/sda', system: true })
  expect(must(await node.load()).memoryBytes).toBeGreaterThan(0)
  expect(Math.abs(must(await node.clock()).nodeAt - Date.now())).toBeLessThan(60_000)
  expect(must(await node.alarms())).toEqual([])
  const made = must(await node.clientConfiguration({ roles: ['os:reader'], lifetimeMs: 3_600_000 }))
  expect(made.cert).toContain('BEGIN CERTIFICATE')

  expect(must(await node.resource('systemInformation'))?.spec.uuid).toBe(guest.uuid)
  expect(must(await node.resource('addresses'))?.spec.addresses).toContain(`${guest.address}/24`)
  expect(must(await node.resource('nodename'))?.spec.nodename).toBe(guest.name)
  const status = must(await node.etcdStatus())
  expect(must(await node.resource('etcdMember'))?.spec.id).toBe(status.memberId)
  expect(must(await node.resource('securityState'))).toBeDefined()
  expect(must(await node.resources('members')).map(({ spec }) => spec.hostname)).toContain(guest.name)
  expect(must(await node.resources('services')).map(({ id }) => id)).toContain('etcd')
  expect(must(await node.resources('disks')).map(({ spec }) => spec.path)).toContain('/dev/sda')
  const apiServer = await eventually(() => node.resource('apiServer'), 'the API server')
  expect(apiServer?.spec.image).toBe(`registry.k8s.io/kube-apiserver:${born.kubernetes}`)
  expect(must(await node.resource('kubelet'))?.spec.image).toContain(born.kubernetes)
  const done = { ok: true, value: undefined }
  expect(await node.pullImage(`registry.k8s.io/kube-scheduler:${born.kubernetes}`, 'kubernetes')).toEqual(done)
  expect(await node.pullImage(`ghcr.io/siderolabs/kubelet:${born.kubernetes}`, 'system')).toEqual(done)
  await until(
    async () => must(await node.resources('staticPods')).some(({ spec }) => spec.ready),
    'static pods',
    PATIENCE_MS,
  )

  const { signal } = new AbortController()
  for (const stream of [
    node.dmesg({ follow: false, tail: false }, signal),
    node.logs({ of: { service: 'etcd' }, follow: false }, signal),
  ]) {
    const read: Uint8Array[] = []
    for await (const chunk of stream) read.push(must(chunk))
    expect(Buffer.concat(read).length).toBeGreaterThan(0)
  }
})
