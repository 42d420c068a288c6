import { createHash } from 'node:crypto'
import { err, ok, type Result } from '#core/base/result.ts'
import { DURATION } from '../durations.ts'
import { findEdition } from '../edition.ts'
import type { TalosNode } from '../node.ts'
import { ContainerdNamespace, type ContainerdInstance } from '../proto/common_pb.js'

/** The images in a node's two containerds: what the configuration runs, and what somebody pulled. */
export interface Image {
  readonly name: string
  readonly digest: string
  readonly sizeBytes: number
  readonly createdAt: number
}

const NAMESPACES = { system: ContainerdNamespace.NS_SYSTEM, cri: ContainerdNamespace.NS_CRI } as const
/** Of images nobody measured: as large as their name says, between these. */
const MIN_SIZE_BYTES = 20_000_000
const MAX_SIZE_BYTES = 120_000_000

export const imageKey = (containerd: Pick<ContainerdInstance, 'namespace'> | undefined, reference: string): string =>
  `${containerd?.namespace === ContainerdNamespace.NS_CRI ? 'cri' : 'system'}/${reference}`

export function imagesOf(node: TalosNode, namespace: ContainerdNamespace): readonly Image[] {
  const prefix = namespace === NAMESPACES.cri ? 'cri/' : 'system/'
  const pulled = [...(node.disk?.images ?? [])].filter(([key]) => key.startsWith(prefix))
  const running = namespace === NAMESPACES.cri ? workloadImages(node) : systemImages(node)
  const all = new Map([
    ...running.map((name) => [name, node.bootedAt] as const),
    ...pulled.map(([key, at]) => [key.slice(prefix.length), at] as const),
  ])
  return [...all].map(([name, createdAt]) => ({ name, digest: digestOf(name), sizeBytes: sizeOf(name), createdAt }))
}

/** Pulls an image. The only ones that are known not to exist are installers of a Talos nobody released. */
export async function pull(node: TalosNode, key: string, reference: string): Promise<Result<undefined, string>> {
  await node.world.time.pass(DURATION.imagePull, node.signal)
  const tag = /installer[^:]*:(v[\d.]+[^@]*)/.exec(reference)?.[1]
  if (/\s/.test(reference) || reference === '' || (tag !== undefined && !findEdition(tag)))
    return err(`failed to resolve reference "${reference}": ${reference}: not found`)
  node.disk?.images.set(key, node.world.time.now())
  node.journal.kernel(`[talos] image pulled: ${reference}`)
  return ok(undefined)
}

export const digestOf = (name: string): string => `sha256:${createHash('sha256').update(name).digest('hex')}`

function sizeOf(name: string): number {
  const share = createHash('sha256').update(`size ${name}`).digest().readUInt16BE(0) / 0xffff
  return Math.round(MIN_SIZE_BYTES + share * (MAX_SIZE_BYTES - MIN_SIZE_BYTES))
}

function systemImages(node: TalosNode): readonly string[] {
  const { config } = node
  if (!config) return []
  return [
    `ghcr.io/siderolabs/kubelet:v${config.kubeletVersion}`,
    ...(config.controlPlane ? [`registry.k8s.io/etcd:v${node.edition.etcdVersion}`] : []),
  ]
}

/** What the pods on this node run, as Kubernetes sees it. */
function workloadImages(node: TalosNode): readonly string[] {
  const pods = node.cluster?.kubernetes.store.list('pods') ?? []
  const images = pods.flatMap((pod) => {
    const spec = pod['spec'] as { nodeName?: string; containers?: readonly { image: string }[] } | undefined
    return spec?.nodeName === node.hostname ? (spec.containers ?? []).map((container) => container.image) : []
  })
  return [...new Set(['registry.k8s.io/pause:3.10.1', ...images])]
}
