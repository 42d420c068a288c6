import { createHash, randomBytes } from 'node:crypto'
import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { SnapshotSink } from '#agent/talos/node-etcd.ts'
import type { TalosAnswers } from '#test/support/talos-server.ts'
import { aNode, closeAll, nodeWith } from './our-node.ts'

afterEach(closeAll)

const PAGE = 512
const MIB = 1024 * 1024

/** A database of so many pages with the hash behind it that etcd appends. */
function aSnapshot(pages: number): { readonly file: Buffer; readonly sha256: string } {
  const database = randomBytes(pages * PAGE)
  const hash = createHash('sha256').update(database).digest()
  return { file: Buffer.concat([database, hash]), sha256: hash.toString('hex') }
}

const serving = (chunks: readonly Uint8Array[]): TalosAnswers => ({
  machine: {
    async *etcdSnapshot() {
      for (const bytes of chunks) yield { bytes }
    },
  },
})

function inMemory(): SnapshotSink & { content(): Buffer } {
  const chunks: Uint8Array[] = []
  return {
    content: () => Buffer.concat(chunks),
    write(chunk) {
      chunks.push(chunk)
      return Promise.resolve(ok(undefined))
    },
  }
}

const split = (file: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.ceil(file.length / size) }, (_, index) => file.subarray(index * size, (index + 1) * size))

describe('a snapshot of etcd', () => {
  // The trailer lies in one chunk, across two, and across thirty-two.
  test.each([100_000, PAGE, 33, 1])('arrives whole and verified, in chunks of %i bytes', async (size) => {
    const { file, sha256 } = aSnapshot(3)
    const node = await nodeWith(serving(split(file, size)))
    const sink = inMemory()
    expect(await node.snapshot(sink)).toEqual({ ok: true, value: { sizeBytes: file.length, sha256 } })
    expect(sink.content().equals(file)).toBe(true)
  })

  test.each([
    ['cut off within a page', (file: Buffer) => file.subarray(0, 700), 'it ended early'],
    ['cut off at the end of a page', (file: Buffer) => file.subarray(0, 2 * PAGE), 'it ended early'],
    ['cut off so that only the hash tells', (file: Buffer) => file.subarray(0, PAGE + 32), 'its hash is wrong'],
    ['changed on the way', (file: Buffer) => Buffer.from(file).fill(7, 10, 20), 'its hash is wrong'],
    ['empty', () => Buffer.alloc(0), 'it is empty'],
  ])('that was %s is damaged', async (_, damage, reason) => {
    const node = await nodeWith(serving([damage(aSnapshot(3).file)]))
    expect(await node.snapshot(inMemory())).toMatchObject({
      ok: false,
      error: { code: 'snapshot-damaged', retry: 'later', facts: { reason } },
    })
  })

  test('goes at the pace of the sink: a node is not read further than a few windows ahead', async () => {
    let sent = 0
    const chunk = Buffer.alloc(64 * 1024)
    const node = await nodeWith({
      machine: {
        async *etcdSnapshot() {
          for (; sent < 400; sent++) yield { bytes: chunk }
        },
      },
    })
    let ahead = 0
    let taken = 0
    const result = await node.snapshot({
      async write() {
        // Long enough for a node that nobody holds back to send everything.
        if (++taken === 1) await new Promise((resolve) => setTimeout(resolve, 300))
        ahead = Math.max(ahead, sent - taken)
        return ok(undefined)
      },
    })
    expect(result).toMatchObject({ error: { code: 'snapshot-damaged' } })
    expect(taken).toBe(400)
    expect(ahead).toBeLessThan(100)
  })

  test('may come in messages of up to 32 MiB, and no larger', async () => {
    const node = await nodeWith(serving([Buffer.alloc(31 * MIB)]))
    expect(await node.snapshot(inMemory())).toMatchObject({ error: { facts: { sizeBytes: 31 * MIB } } })
    const huge = await nodeWith(serving([Buffer.alloc(33 * MIB)]))
    expect(await huge.snapshot(inMemory())).toMatchObject({ ok: false, error: { code: 'check-failed' } })
  })

  test('ends with what the sink met, and ends the call', async () => {
    const over = Promise.withResolvers<void>()
    const node = await nodeWith({
      machine: {
        async *etcdSnapshot(_, { signal }) {
          signal.addEventListener('abort', () => over.resolve())
          for (;;) yield { bytes: Buffer.alloc(1024) }
        },
      },
    })
    const full = problem('journal-full')
    expect(await node.snapshot({ write: () => Promise.resolve(err(full)) })).toEqual({ ok: false, error: full })
    await over.promise
  })

  test('from which nothing comes any more is given up, and the node is dialled anew', async () => {
    const { node, dialer } = await aNode(
      {
        machine: {
          async *etcdSnapshot(_, { signal }) {
            yield { bytes: Buffer.alloc(10) }
            await new Promise((resolve) => signal.addEventListener('abort', resolve))
          },
          version: () => ({ messages: [{}] }),
        },
      },
      { limits: { stalledMs: 50 } },
    )
    expect((await node.version()).ok).toBe(true)
    expect(await node.snapshot(inMemory())).toMatchObject({ error: { code: 'node-unreachable' } })
    expect((await node.version()).ok).toBe(true)
    expect(dialer.dialled).toHaveLength(2)
  })
})

async function* from(chunks: readonly Result<Uint8Array, Problem>[]) {
  yield* chunks
}

/** A node that keeps what it was sent once the stream ended well. */
function taking(): { readonly answers: TalosAnswers; readonly kept: Buffer[]; readonly largest: () => number } {
  const kept: Buffer[] = []
  let largest = 0
  const answers: TalosAnswers = {
    machine: {
      async etcdRecover(stream) {
        const chunks: Uint8Array[] = []
        for await (const { bytes } of stream) {
          largest = Math.max(largest, bytes.length)
          chunks.push(bytes)
        }
        kept.push(Buffer.concat(chunks))
        return { messages: [{}] }
      },
    },
  }
  return { answers, kept, largest: () => largest }
}

describe('recovering etcd', () => {
  test('sends the snapshot in chunks of 4 KiB at most', async () => {
    const { file, sha256 } = aSnapshot(40)
    const { answers, kept, largest } = taking()
    const node = await nodeWith(answers)
    const sent = await node.recover(from([ok(file.subarray(0, 9_000)), ok(file.subarray(9_000))]), 'snapshot')
    expect(sent).toEqual({ ok: true, value: { sizeBytes: file.length, sha256 } })
    expect(kept).toHaveLength(1)
    expect(kept[0]?.equals(file)).toBe(true)
    expect(largest()).toBe(4096)
  })

  test('a damaged snapshot is broken off before the node would keep it', async () => {
    const { answers, kept } = taking()
    const damaged = Buffer.from(aSnapshot(3).file).fill(7, 10, 20)
    const node = await nodeWith(answers)
    expect(await node.recover(from([ok(damaged)]), 'snapshot')).toMatchObject({ error: { code: 'snapshot-damaged' } })
    expect(kept).toEqual([])
  })

  test('a raw copy of a database has no hash to check', async () => {
    const { answers, kept } = taking()
    const node = await nodeWith(answers)
    const copy = randomBytes(700)
    expect(await node.recover(from([ok(copy)]), 'raw-copy')).toMatchObject({ ok: true, value: { sizeBytes: 700 } })
    expect(kept).toHaveLength(1)
  })

  test('ends with what the source met', async () => {
    const { answers, kept } = taking()
    const node = await nodeWith(answers)
    const lost = problem('unavailable')
    expect(await node.recover(from([ok(randomBytes(10)), err(lost)]), 'snapshot')).toEqual({ ok: false, error: lost })
    expect(kept).toEqual([])
  })

  test('a node whose etcd does not wait for it is asked later', async () => {
    const node = await nodeWith({
      machine: {
        etcdRecover: () => {
          throw new ConnectError('etcd service is not ready for recovery yet', Code.FailedPrecondition)
        },
      },
    })
    expect(await node.recover(from([ok(aSnapshot(1).file)]), 'snapshot')).toMatchObject({
      error: { code: 'recovery-not-ready', retry: 'later' },
    })
  })

  test('starts from what was sent; the hash is skipped for a raw copy alone', async () => {
    const asked: unknown[] = []
    const node = await nodeWith({
      machine: {
        bootstrap: ({ recoverEtcd, recoverSkipHashCheck }) => {
          asked.push([recoverEtcd, recoverSkipHashCheck])
          if (asked.length === 3) throw new ConnectError('etcd data directory is not empty', Code.AlreadyExists)
          return {}
        },
      },
    })
    expect(await node.bootstrapFromSnapshot('snapshot')).toEqual({ ok: true, value: 'started' })
    expect(await node.bootstrapFromSnapshot('raw-copy')).toEqual({ ok: true, value: 'started' })
    expect(await node.bootstrapFromSnapshot('snapshot')).toEqual({ ok: true, value: 'already-bootstrapped' })
    expect(asked.slice(0, 2)).toEqual([
      [true, false],
      [true, true],
    ])
  })
})

test('alarms are told by member, and cleared; space is given back', async () => {
  let defragmented = 0
  const answer = { messages: [{ memberAlarms: [{ memberId: 0xabcn, alarm: 1 }] }] }
  const node = await nodeWith({
    machine: {
      etcdAlarmList: () => answer,
      etcdAlarmDisarm: () => answer,
      etcdDefragment: () => {
        defragmented++
        return { messages: [{}] }
      },
    },
  })
  const alarms = { ok: true, value: [{ memberId: '0000000000000abc', alarm: 'no-space' }] }
  expect(await node.alarms()).toEqual(alarms)
  expect(await node.disarmAlarms()).toEqual(alarms)
  expect(await node.defragment()).toEqual({ ok: true, value: undefined })
  expect(defragmented).toBe(1)
})
