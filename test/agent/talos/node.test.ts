import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { aResource } from '#test/support/talos-server.ts'
import { ApplyConfigurationRequest_Mode as Mode } from '#agent/talos/proto/machine_pb.js'
import { EventType } from '#agent/talos/proto/state_pb.js'
import { Secret } from '#core/base/secret.ts'
import { ADDRESS, aNode, closeAll, nodeWith } from './our-node.ts'

const UUID = '4c4c4544-0000-4000-8000-000000000001'

afterEach(closeAll)

describe('a node of our cluster', () => {
  test('is spoken to over mutual TLS, on one connection for many calls, through the dialer', async () => {
    const { node, dialer } = await aNode({
      machine: { version: () => ({ messages: [{ version: { tag: 'v1.13.9' }, platform: { name: 'nocloud' } }] }) },
      state: {
        get: ({ type }) => ({ resource: aResource(type.startsWith('SystemInf') ? `uuid: ${UUID.toUpperCase()}` : '') }),
      },
    })
    const answers = await Promise.all([node.version(), node.readIdentity(), node.version()])
    expect(answers).toEqual([
      { ok: true, value: { tag: 'v1.13.9', platform: 'nocloud' } },
      { ok: true, value: { uuid: UUID } },
      { ok: true, value: { tag: 'v1.13.9', platform: 'nocloud' } },
    ])
    expect(dialer.dialled).toEqual([`${ADDRESS}:50000`])
  })

  test('is dialled again after its connection was lost', async () => {
    const { node, server, dialer } = await aNode({ machine: { version: () => ({ messages: [{}] }) } })
    expect((await node.version()).ok).toBe(true)
    server.cut()
    await expect.poll(async () => (await node.version()).ok, { timeout: 5000 }).toBe(true)
    expect(dialer.dialled).toHaveLength(2)
  })

  test('tells its status, boot, services, members and etcd status in our words', async () => {
    const node = await nodeWith({
      state: {
        get: ({ type }) => ({
          resource: aResource(
            type.startsWith('BootIDs')
              ? 'bootID: b-1'
              : 'stage: booting\nstatus:\n  ready: false\n  unmetConditions:\n    - name: time\n      reason: not yet\n',
          ),
        }),
        async *list() {
          yield { resource: aResource('message: disk is slow\ndetails: []', 'disk-slow') }
        },
      },
      machine: {
        serviceList: () => ({
          messages: [
            {
              services: [
                { id: 'etcd', state: 'Running', health: { healthy: true, lastMessage: 'fine' } },
                { id: 'apid', state: 'Running', health: { unknown: true } },
                { id: 'kubelet', state: 'Preparing', events: { events: [{ msg: 'pulling', state: 'Preparing' }] } },
              ],
            },
          ],
        }),
        etcdMemberList: () => ({
          messages: [
            { members: [{ id: 0xabcn, hostname: 'cp-1', peerUrls: ['https://192.168.1.51:2380'], isLearner: true }] },
          ],
        }),
        etcdStatus: () => ({
          messages: [{ memberStatus: { memberId: 0xabcn, leader: 0xffffffffffffffffn, dbSize: 5n, raftIndex: 7n } }],
        }),
      },
    })
    expect(await node.bootId()).toEqual({ ok: true, value: 'b-1' })
    expect(await node.machineStatus()).toEqual({
      ok: true,
      value: { stage: 'booting', ready: false, unmetConditions: [{ name: 'time', reason: 'not yet' }] },
    })
    expect(await node.diagnostics()).toEqual({ ok: true, value: [{ id: 'disk-slow', message: 'disk is slow' }] })
    expect(await node.serviceList()).toEqual({
      ok: true,
      value: [
        { id: 'etcd', state: 'Running', healthy: true, lastMessage: 'fine' },
        { id: 'apid', state: 'Running', healthy: false, lastMessage: '' },
        { id: 'kubelet', state: 'Preparing', healthy: false, lastMessage: 'pulling' },
      ],
    })
    expect(await node.etcdMembers()).toEqual({
      ok: true,
      value: [{ id: '0000000000000abc', hostname: 'cp-1', addresses: ['192.168.1.51'], learner: true }],
    })
    expect(await node.etcdStatus()).toMatchObject({
      ok: true,
      value: { memberId: '0000000000000abc', leaderId: 'ffffffffffffffff', dbSizeBytes: 5, raftIndex: '7' },
    })
  })

  test('gives its configuration as a secret', async () => {
    const node = await nodeWith({ state: { get: () => ({ resource: aResource('|\n  version: v1alpha1\n') }) } })
    const config = await node.activeConfig()
    expect(JSON.stringify(config)).toBe('{"ok":true,"value":"[secret]"}')
    expect(config.ok && config.value.reveal()).toBe('version: v1alpha1\n')
  })

  test('takes effects as asked', async () => {
    const asked: unknown[] = []
    const node = await nodeWith({
      machine: {
        applyConfiguration: ({ data, mode, dryRun }) => {
          asked.push({ text: Buffer.from(data).toString(), mode, dryRun })
          return { messages: [{ warnings: ['w'], modeDetails: 'no reboot' }] }
        },
        etcdRemoveMemberByID: ({ memberId }) => {
          asked.push(memberId)
          return {}
        },
        reset: ({ graceful, reboot, systemPartitionsToWipe }) => {
          asked.push({ graceful, reboot, wipe: systemPartitionsToWipe.map(({ label, wipe }) => [label, wipe]) })
          return {}
        },
        shutdown: ({ force }) => {
          asked.push({ force })
          return {}
        },
        etcdForfeitLeadership: () => ({ messages: [{ member: 'cp-2' }] }),
        etcdLeaveCluster: () => ({}),
      },
    })
    expect(await node.applyConfiguration(new Secret('x: 1'), 'auto')).toEqual({
      ok: true,
      value: { warnings: ['w'], details: 'no reboot' },
    })
    const preview = await node.previewConfiguration(new Secret('x: 2'), 'try')
    expect(preview.ok && preview.value.reveal()).toEqual({ warnings: ['w'], details: 'no reboot' })
    expect((await node.removeMember('0000000000000abc')).ok).toBe(true)
    expect((await node.reset({ graceful: true, reboot: false })).ok).toBe(true)
    expect((await node.shutdown({ force: true })).ok).toBe(true)
    expect(await node.forfeitLeadership()).toEqual({ ok: true, value: { movedTo: 'cp-2' } })
    expect(await node.leaveEtcd()).toEqual({ ok: true, value: undefined })
    expect(asked).toEqual([
      { text: 'x: 1', mode: Mode.AUTO, dryRun: false },
      { text: 'x: 2', mode: Mode.TRY, dryRun: true },
      0xabcn,
      {
        graceful: true,
        reboot: false,
        wipe: [
          ['STATE', true],
          ['EPHEMERAL', true],
        ],
      },
      { force: true },
    ])
  })

  test('before 1.14 the boot is known by a file of the kernel, which only an administrator may read', async () => {
    const unknown = () => {
      throw new ConnectError('resource type "BootIDs.runtime.talos.dev" is not supported', Code.PermissionDenied)
    }
    const old = await nodeWith({
      state: { get: unknown },
      machine: {
        async *read({ path }) {
          expect(path).toBe('/proc/sys/kernel/random/boot_id')
          yield { bytes: new TextEncoder().encode('0f1e-22\n') }
        },
      },
    })
    expect(await old.bootId()).toEqual({ ok: true, value: '0f1e-22' })
    const toReader = await nodeWith({
      state: { get: unknown },
      machine: {
        // oxlint-disable-next-line require-yield
        async *read() {
          throw new ConnectError('not authorized', Code.PermissionDenied)
        },
      },
    })
    expect(await toReader.bootId()).toMatchObject({ ok: false, error: { code: 'node-unauthorized' } })
    const silent = await nodeWith({ state: { get: unknown }, machine: { read: () => (async function* () {})() } })
    expect(await silent.bootId()).toMatchObject({ ok: false, error: { code: 'check-failed' } })
  })

  test('a second bootstrap is told apart from the first', async () => {
    let calls = 0
    const node = await nodeWith({
      machine: {
        bootstrap: () => {
          if (calls++ > 0) throw new ConnectError('etcd data directory is not empty', Code.AlreadyExists)
          return {}
        },
      },
    })
    expect(await node.bootstrap()).toEqual({ ok: true, value: 'started' })
    expect(await node.bootstrap()).toEqual({ ok: true, value: 'already-bootstrapped' })
  })
})

describe('watching', () => {
  test('gives the status now and after each change, and ends quietly on abort', async () => {
    const node = await nodeWith({
      state: {
        async *watch({ id, apiVersion }, { signal }) {
          expect({ id, apiVersion }).toEqual({ id: 'machine', apiVersion: 1 })
          yield {}
          for (const stage of ['booting', 'running']) {
            const eventType = stage === 'booting' ? EventType.CREATED : EventType.UPDATED
            yield { event: [{ eventType, resource: aResource(`stage: ${stage}\nstatus: {ready: true}`) }] }
          }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    })
    const abort = new AbortController()
    const seen: string[] = []
    for await (const status of node.watchMachineStatus(abort.signal)) {
      seen.push(status.ok ? status.value.stage : status.error.code)
      if (seen.length === 2) abort.abort()
    }
    expect(seen).toEqual(['booting', 'running'])
  })

  test('ends with the problem when the node goes away', async () => {
    const { node, server } = await aNode({
      state: {
        async *watch(_, { signal }) {
          yield {
            event: [{ eventType: EventType.CREATED, resource: aResource('stage: running\nstatus: {ready: true}') }],
          }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    })
    const seen: string[] = []
    for await (const status of node.watchMachineStatus(new AbortController().signal)) {
      seen.push(status.ok ? status.value.stage : status.error.code)
      server.cut()
    }
    expect(seen).toEqual(['running', 'node-unreachable'])
  })
})
