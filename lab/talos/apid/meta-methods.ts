import { Code, ConnectError } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import type { MachineMethods } from './machine-service.ts'

/** A key is one byte. */
const MAX_KEY = 0xff

/** Keys and values on the META partition. */
export function metaMethods(node: TalosNode): MachineMethods {
  const check = (key: number) => {
    if (key > MAX_KEY) throw new ConnectError('key must be a uint8', Code.InvalidArgument)
  }
  return {
    metaWrite({ key, value }) {
      check(key)
      node.disk?.meta.set(key, value)
      node.changed()
      return { messages: [{}] }
    },
    metaDelete({ key }) {
      check(key)
      if (!node.disk?.meta.delete(key)) throw new ConnectError('meta key not found', Code.NotFound)
      node.changed()
      return { messages: [{}] }
    },
  }
}
