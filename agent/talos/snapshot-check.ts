import { createHash } from 'node:crypto'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Facts, type Problem } from '#core/model/problem.ts'
import type { Snapshot, SnapshotForm } from './node-etcd.ts'

/**
 * Whether an etcd snapshot is whole, found out while it passes by: the database comes in pages of 512 bytes, and etcd
 * appends the SHA-256 of all that. Source: etcd server/etcdserver/api/v3rpc/maintenance.go; facts talos.md §5.7.
 */
const TRAILER_BYTES = 32
const PAGE_BYTES = 512

export interface SnapshotCheck {
  push(chunk: Uint8Array): void
  /** Problem snapshot-damaged (later). */
  finish(facts: Facts): Result<Snapshot, Problem>
}

export function checkSnapshot(form: SnapshotForm): SnapshotCheck {
  const hash = createHash('sha256')
  const heldBytes = form === 'snapshot' ? TRAILER_BYTES : 0
  let sizeBytes = 0
  /** The last bytes so far, which may be the trailer and are hashed only when more come. */
  let tail: Uint8Array = new Uint8Array(0)
  return {
    push(chunk) {
      sizeBytes += chunk.length
      const all = Buffer.concat([tail, chunk])
      const settled = Math.max(0, all.length - heldBytes)
      hash.update(all.subarray(0, settled))
      tail = all.subarray(settled)
    },
    finish(facts) {
      const sha256 = hash.digest('hex')
      const damaged = (reason: string) => err(problem('snapshot-damaged', { ...facts, reason, sizeBytes }))
      if (sizeBytes <= heldBytes) return damaged('it is empty')
      if (form === 'raw-copy') return ok({ sizeBytes, sha256 })
      if (sizeBytes % PAGE_BYTES !== TRAILER_BYTES) return damaged('it ended early')
      if (Buffer.from(tail).toString('hex') !== sha256) return damaged('its hash is wrong')
      return ok({ sizeBytes, sha256 })
    },
  }
}
