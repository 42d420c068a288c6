import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { aResource, dialerTo } from '#test/support/talos-server.ts'
import { talosNode } from '#agent/talos/grpc-node.ts'
import { Secret } from '#core/base/secret.ts'
import { ADDRESS, adminCredentials, aNode, closeAll, closeLater, nodeWith } from './our-node.ts'

afterEach(closeAll)

describe('what goes wrong', () => {
  const refuse = (code: Code, text: string) => () => {
    throw new ConnectError(text, code)
  }

  test.each([
    [Code.FailedPrecondition, 'bootstrap is not available yet', 'bootstrap-not-ready', 'later'],
    [Code.FailedPrecondition, 'time is not in sync yet', 'bootstrap-not-ready', 'later'],
    [Code.Unknown, 'bootstrap is not allowed during unattended install', 'bootstrap-not-ready', 'later'],
    [Code.InvalidArgument, 'etcd is not configured, bootstrap is not possible', 'config-refused', 'never'],
    [Code.PermissionDenied, 'not authorized', 'node-unauthorized', 'never'],
    [Code.Unknown, 'something broke half way', 'outcome-unknown', 'look-again'],
    [Code.Internal, 'something broke half way', 'outcome-unknown', 'look-again'],
  ])('bootstrap refused with %s "%s" is %s', async (code, text, expected, retry) => {
    const node = await nodeWith({ machine: { bootstrap: refuse(code, text) } })
    expect(await node.bootstrap()).toMatchObject({ ok: false, error: { code: expected, retry } })
  })

  test('a refused configuration says why in one line', async () => {
    const text = 'unknown keys found during decoding:\nmachine:\n    token: secret'
    const node = await nodeWith({ machine: { applyConfiguration: refuse(Code.InvalidArgument, text) } })
    const applied = await node.applyConfiguration(new Secret('x'), 'auto')
    expect(applied).toMatchObject({ ok: false, error: { code: 'config-refused' } })
    expect(!applied.ok && applied.error.facts['reason']).toBe('unknown keys found during decoding:')
  })

  test('an answer that is lost after an effect was asked for leaves the outcome unknown', async () => {
    const { node, server } = await aNode({
      machine: {
        bootstrap: async () => {
          server.cut()
          return new Promise(() => undefined)
        },
      },
    })
    expect(await node.bootstrap()).toMatchObject({ ok: false, error: { code: 'outcome-unknown', retry: 'look-again' } })
  })

  test('a lost answer to a question costs nothing but the question', async () => {
    const { node, server } = await aNode({
      machine: {
        version: async () => {
          server.cut()
          return new Promise(() => undefined)
        },
      },
    })
    expect(await node.version()).toMatchObject({ ok: false, error: { code: 'node-unreachable', retry: 'later' } })
  })

  test('a connection that went silent is not used again', async () => {
    let calls = 0
    const version = () =>
      calls++ === 0 ? new Promise<never>(() => undefined) : { messages: [{ version: { tag: 'v1' } }] }
    const { node, dialer } = await aNode({ machine: { version } }, { limits: { readMs: 1_000 } })
    expect(await node.version()).toMatchObject({ ok: false, error: { code: 'node-unreachable' } })
    expect(await node.version()).toMatchObject({ ok: true })
    expect(dialer.dialled).toHaveLength(2)
  })

  test('an effect that never left is not an unknown outcome', async () => {
    const node = talosNode({ dialer: dialerTo(new Map()), address: ADDRESS, credentials: await adminCredentials() })
    closeLater(node)
    expect(await node.bootstrap()).toMatchObject({ ok: false, error: { code: 'node-unreachable', retry: 'later' } })
  })

  test('an abort ends a question as cancelled and an effect as unknown', async () => {
    const started = Promise.withResolvers<void>()
    const wait = () => {
      started.resolve()
      return new Promise<never>(() => undefined)
    }
    const node = await nodeWith({ machine: { version: wait, bootstrap: wait } })
    const abort = new AbortController()
    const calls = Promise.all([node.version(abort.signal), node.bootstrap(abort.signal)])
    await started.promise
    abort.abort()
    expect(await calls).toMatchObject([{ error: { code: 'cancelled' } }, { error: { code: 'outcome-unknown' } }])
    expect(await node.bootstrap(abort.signal)).toMatchObject({ error: { code: 'cancelled' } })
  })

  test('a Talos that cannot diagnose itself has no findings; other refusals stay refusals', async () => {
    const text = 'resource type "Diagnostics.runtime.talos.dev" is not supported'
    const old = await nodeWith({ state: { list: refuse(Code.PermissionDenied, text) } })
    expect(await old.diagnostics()).toEqual({ ok: true, value: [] })
    const denied = await nodeWith({ state: { list: refuse(Code.PermissionDenied, 'not authorized') } })
    expect(await denied.diagnostics()).toMatchObject({ ok: false, error: { code: 'node-unauthorized' } })
  })

  test('an answer of another shape is a check that failed, never a guess', async () => {
    const node = await nodeWith({ state: { get: () => ({ resource: aResource('uuid: 5') }) } })
    expect(await node.readIdentity()).toMatchObject({ ok: false, error: { code: 'check-failed' } })
  })

  test('a closed node asks nothing any more', async () => {
    const { node, dialer } = await aNode({ machine: { version: () => ({ messages: [{}] }) } })
    node.close()
    expect(await node.version()).toMatchObject({ ok: false, error: { code: 'node-unreachable' } })
    expect(dialer.dialled).toEqual([])
  })
})
