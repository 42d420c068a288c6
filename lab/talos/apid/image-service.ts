import { create } from '@bufbuild/protobuf'
import { durationFromMs, timestampFromMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import { DURATION } from '../durations.ts'
import type { TalosNode } from '../node.ts'
import { ContainerdNamespace } from '../proto/common_pb.js'
import {
  ImageService,
  ImageServiceListResponseSchema,
  ImageServicePullLayerProgress_Status as LayerStatus,
  ImageServicePullResponseSchema,
} from '../proto/image_pb.js'
import { digestOf, imageKey, imagesOf, pull } from './images.ts'

/** Images since Talos 1.13: listed, and pulled with a stream that tells how far it is. */
export function imageService(router: ConnectRouter, node: TalosNode): void {
  const progress = (reference: string, status: LayerStatus, offset: number, total: number) =>
    create(ImageServicePullResponseSchema, {
      response: {
        case: 'pullProgress',
        value: {
          layerId: digestOf(`layer of ${reference}`),
          progress: {
            status,
            elapsed: durationFromMs(DURATION.imagePull),
            offset: BigInt(offset),
            total: BigInt(total),
          },
        },
      },
    })
  router.service(ImageService, {
    async *list({ containerd }) {
      for (const image of imagesOf(node, containerd?.namespace ?? ContainerdNamespace.NS_SYSTEM))
        yield create(ImageServiceListResponseSchema, {
          name: image.name,
          digest: image.digest,
          size: BigInt(image.sizeBytes),
          createdAt: timestampFromMs(image.createdAt),
          labels: { 'io.cri-containerd.image': 'managed' },
        })
    },
    async *pull({ containerd, imageRef }) {
      if (imageRef === '') throw new ConnectError('image reference is required', Code.InvalidArgument)
      yield progress(imageRef, LayerStatus.DOWNLOADING, 0, LAYER_BYTES)
      const pulled = await pull(node, imageKey(containerd, imageRef), imageRef)
      if (node.signal.aborted) throw new ConnectError('error reading from server: EOF', Code.Unavailable)
      if (!pulled.ok) throw new ConnectError(`error pulling image: ${pulled.error}`, Code.NotFound)
      yield progress(imageRef, LayerStatus.DOWNLOAD_COMPLETE, LAYER_BYTES, LAYER_BYTES)
      yield progress(imageRef, LayerStatus.EXTRACT_COMPLETE, LAYER_BYTES, LAYER_BYTES)
      yield create(ImageServicePullResponseSchema, { response: { case: 'name', value: imageRef } })
    },
    async import(chunks) {
      let bytes = 0
      for await (const { request } of chunks) if (request.case === 'imageChunk') bytes += request.value.bytes.length
      const name = `imported:${bytes}`
      node.disk?.images.set(imageKey(undefined, name), node.world.time.now())
      return { name }
    },
    remove({ containerd, imageRef }) {
      if (!node.disk?.images.delete(imageKey(containerd, imageRef)))
        throw new ConnectError(`image "${imageRef}": not found`, Code.NotFound)
      return {}
    },
    verify: ({ imageRef }) => ({
      verified: true,
      message: 'no verification rules matched',
      digestedImageRef: `${imageRef}@${digestOf(imageRef)}`,
    }),
  })
}

/** One layer is told of, of the size of an ordinary installer. */
const LAYER_BYTES = 96_000_000
