import { create } from '@bufbuild/protobuf'
import { timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError } from '@connectrpc/connect'
import type { TalosNode } from '../node.ts'
import { ContainerdNamespace } from '../proto/common_pb.js'
import { ImageListResponseSchema } from '../proto/system_pb.js'
import { imageKey, imagesOf, pull } from './images.ts'
import type { MachineMethods } from './machine-service.ts'

/** Images as the machine API has always known them; later minors say that it is going away, and still answer. */
export function legacyImageMethods(node: TalosNode): MachineMethods {
  const check = (namespace: ContainerdNamespace) => {
    if (namespace === ContainerdNamespace.NS_UNKNOWN)
      throw new ConnectError('invalid namespace NS_UNKNOWN', Code.InvalidArgument)
  }
  return {
    async *imageList({ namespace }) {
      check(namespace)
      for (const image of imagesOf(node, namespace))
        yield create(ImageListResponseSchema, {
          name: image.name,
          digest: image.digest,
          size: BigInt(image.sizeBytes),
          createdAt: timestampFromMs(image.createdAt),
        })
    },
    async imagePull({ namespace, reference }) {
      check(namespace)
      const pulled = await pull(node, imageKey({ namespace }, reference), reference)
      if (!pulled.ok) throw new ConnectError(`error pulling image: ${pulled.error}`, Code.NotFound)
      return { messages: [{}] }
    },
  }
}
