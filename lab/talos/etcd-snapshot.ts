import { createHash } from 'node:crypto'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { err, ok, type Result } from '#core/base/result.ts'
import { readBolt, writeBolt, type BoltEntry } from './bolt.ts'
import { KeyValueSchema } from './proto/specs_pb.js'

/** A snapshot as etcd streams it: whole pages of its database, then the SHA-256 of them. */
export type SnapshotProblem = 'too-short' | 'hash-mismatch' | 'not-a-snapshot'

/** What is in the snapshot: keys with their values. */
export type EtcdContents = ReadonlyMap<string, string>

const HASH_BYTES = 32
/** No database is smaller: meta pages, free list, names, keys. */
const MIN_BYTES = 5 * 4096
/** The buckets of etcd that are empty here. */
const EMPTY_BUCKETS = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'lease', 'members', 'members_removed']
/** Revisions of a new etcd begin here. */
const FIRST_REVISION = 2n

export function makeSnapshot(contents: EtcdContents, raftIndex: bigint, raftTerm: bigint): Uint8Array {
  const keys = [...contents].map(([key, value], index): BoltEntry => {
    const revision = FIRST_REVISION + BigInt(index)
    const stored = create(KeyValueSchema, {
      key: Buffer.from(key),
      createRevision: revision,
      modRevision: revision,
      version: 1n,
      value: Buffer.from(value),
    })
    return [revisionKey(revision), Buffer.from(toBinary(KeyValueSchema, stored))]
  })
  const meta: BoltEntry[] = [
    [Buffer.from('consistent_index'), bigEndian(raftIndex)],
    [Buffer.from('storageVersion'), Buffer.from('3.6.0')],
    [Buffer.from('term'), bigEndian(raftTerm)],
  ]
  const buckets: (readonly [string, readonly BoltEntry[]])[] = [
    ...EMPTY_BUCKETS.map((name) => [name, []] as const),
    ['key', keys],
    ['meta', meta],
  ]
  const database = writeBolt(buckets.sort(([a], [b]) => (a < b ? -1 : 1)))
  return Buffer.concat([database, createHash('sha256').update(database).digest()])
}

/** The keys in a snapshot. A copy of a database file has no hash behind it; it is taken only when the hash is not asked for. */
export function readSnapshot(bytes: Uint8Array, skipHashCheck: boolean): Result<EtcdContents, SnapshotProblem> {
  const all = Buffer.from(bytes)
  if (all.length < MIN_BYTES) return err('too-short')
  const hashed = all.length % 512 === HASH_BYTES
  const database = hashed ? all.subarray(0, -HASH_BYTES) : all
  if (!skipHashCheck) {
    const trailer = all.subarray(all.length - HASH_BYTES)
    if (!hashed || !createHash('sha256').update(database).digest().equals(trailer)) return err('hash-mismatch')
  }
  const entries = readBolt(database, 'key')
  if (!entries.ok) return err('not-a-snapshot')
  const text = (value: Uint8Array) => Buffer.from(value).toString('utf8')
  return ok(
    new Map(
      entries.value.map(([, stored]) => {
        const { key, value } = fromBinary(KeyValueSchema, stored)
        return [text(key), text(value)]
      }),
    ),
  )
}

/** How etcd names a revision: its number, and 0 for the only change made in it. */
const revisionKey = (revision: bigint): Buffer => Buffer.concat([bigEndian(revision), Buffer.from('_'), bigEndian(0n)])

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
