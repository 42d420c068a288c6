import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf'
import { afterEach, describe, expect, test } from 'vitest'
import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import {
  ConfigValidationErrorEventSchema,
  MachineStatusEventSchema,
  MachineStatusEvent_MachineStage as Stage,
  PhaseEventSchema,
  SequenceEventSchema,
  ServiceStateEventSchema,
  TaskEventSchema,
} from '#agent/talos/proto/events_pb.js'
import { aNode, closeAll, nodeWith } from './our-node.ts'

afterEach(closeAll)

const packed = <D extends DescMessage>(schema: D, value: MessageInitShape<D>) => ({
  typeUrl: `talos/runtime/${schema.typeName}`,
  value: toBinary(schema, create(schema, value)),
})
const text = (words: string) => new TextEncoder().encode(words)
const forever = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener('abort', resolve))

async function all<T>(items: AsyncIterable<Result<T, Problem>>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const item of items) found.push(item.ok ? item.value : item.error.code)
  return found
}

describe('events', () => {
  test('are told in our words; the empty first one is not, and one of a newer Talos is named', async () => {
    const events = [
      packed(MachineStatusEventSchema, {
        stage: Stage.SHUTTING_DOWN,
        status: { ready: false, unmetConditions: [{ name: 'time', reason: 'not yet' }] },
      }),
      packed(SequenceEventSchema, { sequence: 'reboot', action: 1 }),
      packed(SequenceEventSchema, { sequence: 'reboot', action: 2, error: { code: 0, message: 'went wrong' } }),
      packed(PhaseEventSchema, { phase: 'cleanup', action: 0 }),
      packed(TaskEventSchema, { task: 'stopAll', action: 1 }),
      packed(ServiceStateEventSchema, { service: 'etcd', action: 5, message: 'done' }),
      packed(ConfigValidationErrorEventSchema, { error: 'no' }),
      { typeUrl: 'talos/runtime/machine.NewEvent', value: Uint8Array.of(1, 2, 3) },
    ]
    const node = await nodeWith({
      machine: {
        async *events() {
          yield { actorId: 'a' }
          for (const [index, data] of events.entries()) yield { id: `id-${index}`, actorId: 'a', data }
        },
      },
    })
    const told = await all(node.events({}, new AbortController().signal))
    expect(told).toEqual(
      [
        { is: 'stage', stage: 'shutting down', ready: false, unmet: ['time: not yet'] },
        { is: 'sequence', sequence: 'reboot', action: 'start', error: undefined },
        { is: 'sequence', sequence: 'reboot', action: 'stop', error: 'went wrong' },
        { is: 'phase', phase: 'cleanup', action: 'start' },
        { is: 'task', task: 'stopAll', action: 'stop' },
        { is: 'service', service: 'etcd', action: 'finished', message: 'done' },
        { is: 'config-error', error: 'no' },
        { is: 'other', type: 'talos/runtime/machine.NewEvent' },
      ].map((body, index) => ({ id: `id-${index}`, actorId: 'a', ...body })),
    )
  })

  test('of the past come first when they are asked for, in each of three ways', async () => {
    const asked: unknown[] = []
    const node = await nodeWith({
      machine: {
        async *events({ tailEvents, tailSeconds, tailId, withActorId }) {
          asked.push({ tailEvents, tailSeconds, tailId, withActorId })
          yield {}
        },
      },
    })
    const { signal } = new AbortController()
    await all(node.events({ past: { count: 5 } }, signal))
    await all(node.events({ past: { seconds: 60 } }, signal))
    await all(node.events({ past: { afterId: 'cqk1' }, actorId: 'a' }, signal))
    const none = { tailEvents: 0, tailSeconds: 0, tailId: '', withActorId: '' }
    expect(asked).toEqual([
      { ...none, tailEvents: 5 },
      { ...none, tailSeconds: 60 },
      { ...none, tailId: 'cqk1', withActorId: 'a' },
    ])
  })

  test('that cannot be read end the stream with a problem, not the agent', async () => {
    const data = { typeUrl: 'talos/runtime/machine.PhaseEvent', value: Uint8Array.of(0xff, 0xff) }
    const node = await nodeWith({
      machine: {
        async *events() {
          yield { id: '1', data }
        },
      },
    })
    expect(await all(node.events({}, new AbortController().signal))).toEqual(['check-failed'])
  })
})

describe('logs and kernel messages', () => {
  test('come as bytes, all lines unless said otherwise, of a service or of a container', async () => {
    const asked: unknown[] = []
    const node = await nodeWith({
      machine: {
        async *logs({ namespace, id, driver, follow, tailLines }) {
          asked.push({ namespace, id, driver, follow, tailLines })
          yield { bytes: text('one\n') }
          yield {}
          yield { bytes: text('two\n') }
        },
        async *dmesg({ follow, tail }) {
          asked.push({ follow, tail })
          yield { bytes: text('kern: boot\n') }
        },
      },
    })
    const { signal } = new AbortController()
    const lines = await all(node.logs({ of: { service: 'etcd' }, follow: false }, signal))
    expect(Buffer.concat(lines as Uint8Array[]).toString()).toBe('one\ntwo\n')
    expect(lines).toHaveLength(2)
    await all(node.logs({ of: { container: 'kube-system/x:y' }, follow: false, tailLines: 10 }, signal))
    expect(await all(node.dmesg({ follow: false, tail: true }, signal))).toHaveLength(1)
    expect(asked).toEqual([
      { namespace: 'system', id: 'etcd', driver: 0, follow: false, tailLines: -1 },
      { namespace: 'k8s.io', id: 'kube-system/x:y', driver: 1, follow: false, tailLines: 10 },
      { follow: false, tail: true },
    ])
  })

  test('that are followed end with the abort, and the node is told', async () => {
    const over = Promise.withResolvers<void>()
    const node = await nodeWith({
      machine: {
        async *logs(_, { signal }) {
          yield { bytes: text('one\n') }
          await forever(signal)
          over.resolve()
        },
      },
    })
    const abort = new AbortController()
    const seen: boolean[] = []
    for await (const item of node.logs({ of: { service: 'etcd' }, follow: true }, abort.signal)) {
      seen.push(item.ok)
      abort.abort()
    }
    expect(seen).toEqual([true])
    await over.promise
  })

  test('that nobody reads any further end on the node', async () => {
    const over = Promise.withResolvers<string>()
    const node = await nodeWith({
      machine: {
        async *logs(_, { signal }) {
          yield { bytes: text('one\n') }
          await forever(signal)
          over.resolve('ended')
        },
      },
    })
    for await (const _ of node.logs({ of: { service: 'etcd' }, follow: true }, new AbortController().signal)) break
    expect(await over.promise).toBe('ended')
  })

  test('that are followed for long end without a problem, so that a dead node is noticed', async () => {
    const node = await nodeWith(
      {
        machine: {
          async *dmesg(_, { signal }) {
            yield { bytes: text('one\n') }
            await forever(signal)
          },
        },
      },
      { limits: { followMs: 100 } },
    )
    const read = await all(node.dmesg({ follow: true, tail: false }, new AbortController().signal))
    expect(read.filter((item) => typeof item === 'string')).toEqual([])
  })

  test('of a node that goes away end with the problem', async () => {
    const { node, server } = await aNode({
      machine: {
        async *dmesg(_, { signal }) {
          yield { bytes: text('one\n') }
          await forever(signal)
        },
      },
    })
    const seen: unknown[] = []
    for await (const item of node.dmesg({ follow: true, tail: false }, new AbortController().signal)) {
      seen.push(item.ok ? 'line' : item.error.code)
      server.cut()
    }
    expect(seen).toEqual(['line', 'node-unreachable'])
  })

  test('what a node cannot give comes as an error within its answer, and is read as one', async () => {
    const node = await nodeWith({
      machine: {
        async *dmesg() {
          yield { bytes: text('one\n') }
          yield { metadata: { error: 'broken pipe' } }
        },
        serviceList: () => ({
          messages: [
            { metadata: { hostname: 'cp-2', error: 'rpc error', status: { code: 7, message: 'not authorized' } } },
          ],
        }),
        reset: () => ({ messages: [{ metadata: { error: 'something broke' } }] }),
      },
    })
    const { signal } = new AbortController()
    expect((await all(node.dmesg({ follow: false, tail: false }, signal))).at(-1)).toBe('check-failed')
    expect(await node.serviceList()).toMatchObject({ ok: false, error: { code: 'node-unauthorized' } })
    expect(await node.reset({ graceful: false, reboot: true })).toMatchObject({ error: { code: 'outcome-unknown' } })
  })
})
