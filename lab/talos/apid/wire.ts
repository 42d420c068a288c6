import { create } from '@bufbuild/protobuf'
import { DataSchema, type Data } from '../proto/common_pb.js'

/** Pieces of what the services share on the wire. */

/** Starts after the answer had a chance to leave: the caller hears that the act began. */
export function later(act: () => Promise<void>): void {
  setTimeout(() => void act(), 5)
}

/** A new actor, by whom one finds the events of what it set going. */
export const newActorId = (): string => crypto.randomUUID()

/** Bytes as a stream sends them. */
export function* inChunks(bytes: Uint8Array, size: number): Generator<Data> {
  for (let offset = 0; offset < bytes.length; offset += size)
    yield create(DataSchema, { bytes: bytes.subarray(offset, offset + size) })
}

export const dataOf = (text: string): Data => create(DataSchema, { bytes: Buffer.from(text) })
