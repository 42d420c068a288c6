import { replyError } from './errors.ts'
import type { Data, Metadata } from './proto/common_pb.js'

/**
 * Replies are lists because the API can fan out; a node dialled directly answers for itself alone. What went wrong on
 * one node of many comes inside an answer that is well otherwise: here it becomes the error that it is.
 */
interface Item {
  readonly metadata?: Metadata | undefined
}

export function theOnly<T extends Item>(messages: readonly T[]): T {
  const [message] = messages
  if (message === undefined) throw new Error('the node sent an empty reply')
  throwIfError(message)
  return message
}

/** For replies that say nothing but that it was done. */
export function checkDone({ messages }: { readonly messages: readonly Item[] }): void {
  for (const message of messages) throwIfError(message)
}

/** The chunks of a stream of bytes, without empty ones. */
export async function* bytesOf(items: AsyncIterable<Data>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const item of items) {
    throwIfError(item)
    if (item.bytes.length > 0) yield item.bytes
  }
}

/** All of a short stream of bytes; fails when it is longer than `maxBytes`. */
export async function allBytesOf(items: AsyncIterable<Data>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytesOf(items)) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function throwIfError({ metadata }: Item): void {
  const said = metadata?.status?.message || metadata?.error
  if (said) throw replyError(said, metadata?.status?.code)
}
