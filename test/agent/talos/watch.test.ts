import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import type { Clock } from '#core/base/clock.ts'
import type { ResourceChange } from '#agent/talos/node-resources.ts'
import type { TalosNode } from '#agent/talos/node.ts'
import { EventType, type WatchRequest } from '#agent/talos/proto/state_pb.js'
import { aResource } from '#test/support/talos-server.ts'
import { aNode, closeAll } from './our-node.ts'

afterEach(closeAll)

const aService = (id: string, healthy: boolean) =>
  aResource(`running: true\nhealthy: ${healthy}\nunknown: false\n`, id, 'Services.v1alpha1.talos.dev')
const bookmark = (value: number) => ({ bookmark: Uint8Array.of(value) })
const created = (id: string, at: number) => ({
  eventType: EventType.CREATED,
  resource: aService(id, true),
  ...bookmark(at),
})
const updated = (id: string, at: number) => ({
  eventType: EventType.UPDATED,
  resource: aService(id, false),
  ...bookmark(at),
})
const destroyed = (id: string, at: number) => ({
  eventType: EventType.DESTROYED,
  resource: aService(id, true),
  ...bookmark(at),
})
const bootstrapped = (at: number) => ({ eventType: EventType.BOOTSTRAPPED, ...bookmark(at) })
const spec = (healthy: boolean) => ({ running: true, healthy, unknown: false })

type Event = ReturnType<typeof created> | ReturnType<typeof bootstrapped>
/** What one connection tells, in turn; at the end it stays open, or breaks off with this error. */
type Telling = { readonly events: readonly (readonly Event[])[]; readonly breaksWith?: ConnectError }

/** Time that passes at once, and tells how long it was asked to pass. */
function recordingClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = []
  return {
    pauses,
    now: () => 0,
    sleep(ms) {
      pauses.push(ms)
      return Promise.resolve()
    },
  }
}

async function aTellingNode(tellings: readonly Telling[]) {
  const asked: WatchRequest[] = []
  const clock = recordingClock()
  async function* watch(request: WatchRequest, { signal }: HandlerContext) {
    const telling = tellings[asked.length]
    asked.push(request)
    yield {}
    for (const event of telling?.events ?? []) yield { event: [...event] }
    if (telling?.breaksWith) throw telling.breaksWith
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
  const { node } = await aNode({ state: { watch } }, { clock, limits: { rewatchMs: { first: 500, longest: 1500 } } })
  return { node, asked, clock }
}

/** The first `count` items of the watch. */
async function heard(node: TalosNode, count: number) {
  const items: (ResourceChange<unknown> | string)[] = []
  const abort = new AbortController()
  for await (const item of node.watch('services', abort.signal)) {
    if (!item.ok) items.push(item.error.code)
    else items.push(item.value.is === 'lost' ? `lost: ${item.value.problem.code}` : item.value)
    if (items.length === count) abort.abort()
  }
  return items
}

const unavailable = new ConnectError('the node shuts down', Code.Unavailable)

describe('a watch', () => {
  test('tells all there is as one, then each change', async () => {
    const { node, asked } = await aTellingNode([
      {
        events: [
          [created('apid', 1)],
          [created('etcd', 2), bootstrapped(2)],
          [updated('etcd', 3)],
          [destroyed('apid', 4)],
        ],
      },
    ])
    expect(await heard(node, 3)).toEqual([
      {
        is: 'all',
        resources: [
          { id: 'apid', version: '1', spec: spec(true) },
          { id: 'etcd', version: '1', spec: spec(true) },
        ],
      },
      { is: 'put', id: 'etcd', version: '1', spec: spec(false) },
      { is: 'gone', id: 'apid' },
    ])
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ apiVersion: 1, options: { bootstrapContents: true } })
    expect(asked[0]?.id).toBeUndefined()
  })

  test('goes on behind the last thing it heard when its connection is lost, and tells nothing twice', async () => {
    const { node, asked } = await aTellingNode([
      { events: [[created('etcd', 1)], [bootstrapped(1)], [updated('etcd', 7)]], breaksWith: unavailable },
      { events: [[destroyed('etcd', 8)]] },
    ])
    expect(await heard(node, 4)).toEqual([
      { is: 'all', resources: [{ id: 'etcd', version: '1', spec: spec(true) }] },
      { is: 'put', id: 'etcd', version: '1', spec: spec(false) },
      'lost: node-unreachable',
      { is: 'gone', id: 'etcd' },
    ])
    expect(asked[1]?.options).toMatchObject({ bootstrapContents: false, startFromBookmark: Uint8Array.of(7) })
  })

  test('is told everything anew by a node that has forgotten where it was', async () => {
    const { node, asked } = await aTellingNode([
      { events: [[created('etcd', 1)], [bootstrapped(1)]], breaksWith: unavailable },
      { events: [], breaksWith: new ConnectError('invalid watch bookmark', Code.FailedPrecondition) },
      { events: [[bootstrapped(1)]] },
    ])
    expect((await heard(node, 3)).slice(1)).toEqual(['lost: node-unreachable', { is: 'all', resources: [] }])
    expect(asked.map(({ options }) => options?.bootstrapContents)).toEqual([true, false, true])
  })

  test('does not take half of what there is for all of it', async () => {
    const { node, asked } = await aTellingNode([
      { events: [[created('apid', 1)]], breaksWith: unavailable },
      { events: [[created('apid', 1)], [created('etcd', 2)], [bootstrapped(2)]] },
    ])
    expect(await heard(node, 2)).toMatchObject(['lost: node-unreachable', { is: 'all', resources: [{}, {}] }])
    expect(asked[1]?.options?.bootstrapContents).toBe(true)
  })

  test('that the node itself gives up is opened again', async () => {
    const errored = { eventType: EventType.ERRORED, error: 'buffer overrun', ...bookmark(1) }
    const { node } = await aTellingNode([{ events: [[bootstrapped(1)], [errored]] }, { events: [[destroyed('x', 2)]] }])
    expect(await heard(node, 3)).toMatchObject([{ is: 'all' }, 'lost: check-failed', { is: 'gone' }])
  })

  test('waits longer after each loss, within a limit, and not long once the node spoke again', async () => {
    const { node, clock } = await aTellingNode([
      { events: [[bootstrapped(1)]], breaksWith: unavailable },
      { events: [[destroyed('x', 2)]], breaksWith: unavailable },
    ])
    await heard(node, 4)
    expect(clock.pauses).toEqual([500, 500])
  })

  test('of a node that is away asks ever less often', async () => {
    const clock = recordingClock()
    const { node, server } = await aNode({}, { clock, limits: { rewatchMs: { first: 500, longest: 1500 } } })
    await server.close()
    expect(await heard(node, 5)).toEqual(Array(5).fill('lost: node-unreachable'))
    expect(clock.pauses).toEqual([500, 1000, 1500, 1500, 1500])
  })

  test('of something this Talos does not know ends with nothing', async () => {
    const text = 'resource type "UnattendedInstallStatuses.runtime.talos.dev" is not supported'
    const { node } = await aTellingNode([{ events: [], breaksWith: new ConnectError(text, Code.PermissionDenied) }])
    expect(await heard(node, 9)).toEqual([{ is: 'all', resources: [] }])
  })

  test('that is not allowed ends with the problem', async () => {
    const { node } = await aTellingNode([
      { events: [], breaksWith: new ConnectError('not authorized', Code.PermissionDenied) },
    ])
    expect(await heard(node, 9)).toEqual(['node-unauthorized'])
  })

  test('of a single resource tells whether there is one, and asks with options, which old nodes look into', async () => {
    const { node, asked } = await aTellingNode([
      {
        events: [
          [{ eventType: EventType.DESTROYED, resource: aResource('', 'boot-id'), ...bookmark(1) }],
          [{ eventType: EventType.CREATED, resource: aResource('bootID: b-1', 'boot-id'), ...bookmark(2) }],
        ],
      },
    ])
    const abort = new AbortController()
    const items: unknown[] = []
    for await (const item of node.watch('bootId', abort.signal)) {
      items.push(item.ok && item.value)
      if (items.length === 2) abort.abort()
    }
    expect(items).toEqual([
      { is: 'all', resources: [] },
      { is: 'put', id: 'boot-id', version: '1', spec: { bootID: 'b-1' } },
    ])
    expect(asked[0]?.id).toBe('boot-id')
    expect(asked[0]?.options).toMatchObject({ bootstrapContents: false })
  })

  test('that nobody follows any further ends on the node', async () => {
    const over = Promise.withResolvers<string>()
    const { node } = await aNode({
      state: {
        async *watch(_, { signal }) {
          yield { event: [bootstrapped(1)] }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          over.resolve('ended')
        },
      },
    })
    for await (const _ of node.watch('services', new AbortController().signal)) break
    expect(await over.promise).toBe('ended')
  })

  test('that grows old is renewed where it was, without a word', async () => {
    const { node } = await aNode(
      {
        state: {
          async *watch({ options }, { signal }) {
            const from = options?.startFromBookmark?.[0]
            yield { event: [from === undefined ? bootstrapped(3) : destroyed(`after-${from}`, 4)] }
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          },
        },
      },
      { limits: { followMs: 200 } },
    )
    expect(await heard(node, 2)).toEqual([
      { is: 'all', resources: [] },
      { is: 'gone', id: 'after-3' },
    ])
  })
})
