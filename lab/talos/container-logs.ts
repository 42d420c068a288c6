import type { TalosNode } from './node.ts'
import { containersOf, podsOn } from './workload.ts'

/**
 * What the containers of pods wrote, in the form in which the kubelet keeps it. A container speaks when it starts, of
 * the version it is and where it listens; later requests leave no line, as at the verbosity of Talos.
 */
export function containerLog(node: TalosNode, id: string): readonly string[] | undefined {
  const container = containersOf(node, 'k8s.io').find((one) => one.id === id)
  const pod = podsOn(node).find(({ namespace, name }) => container?.podId === `${namespace}/${name}`)
  if (!container || !pod) return undefined
  // The container that holds the pod together says nothing.
  if (container.id === container.podId) return []
  const app = container.id.slice(container.podId.length + 1)
  const version = container.image.split(':').at(-1) ?? ''
  return (FIRST_WORDS[app] ?? (() => []))({ version, address: node.address }).map((words, index) =>
    line(pod.startedAt + index * MS_APART, words, app !== 'kube-dns'),
  )
}

interface Started {
  readonly version: string
  readonly address: string
}

/** Lines at the start come about this far apart. */
const MS_APART = 37

const leading = (name: string, port: number) => (started: Started) => [
  `server.go:150] "Starting" version="${started.version}"`,
  `secure_serving.go:211] Serving securely on 127.0.0.1:${port}`,
  `leaderelection.go:258] "Attempting to acquire leader lease..." lock="kube-system/${name}"`,
]
const FIRST_WORDS: Readonly<Record<string, (started: Started) => readonly string[]>> = {
  'kube-apiserver': ({ version, address }) => [
    `options.go:263] external host was not specified, using ${address}`,
    `server.go:150] Version: ${version}`,
    'secure_serving.go:211] Serving securely on [::]:6443',
  ],
  'kube-controller-manager': leading('kube-controller-manager', 10_257),
  'kube-scheduler': leading('kube-scheduler', 10_259),
  'kube-proxy': ({ version, address }) => [
    `server.go:715] "Successfully retrieved NodeIPs" NodeIPs=["${address}"]`,
    `server.go:677] "Version info" version="${version}"`,
  ],
  flannel: ({ address }) => [`match.go:264] Using interface with name eth0 and address ${address}`],
  'kube-dns': ({ version }) => ['.:53', `CoreDNS-${version.replace(/^v/, '')}`],
}

/** One line of a container: when the kubelet had it, from where, and that it is whole; klog puts its own head before. */
function line(at: number, words: string, klog: boolean): string {
  const when = new Date(at).toISOString()
  const head = `I${when.slice(5, 7)}${when.slice(8, 10)} ${when.slice(11, 23)}000       1 `
  return `${when.replace('Z', '000000Z')} ${klog ? 'stderr' : 'stdout'} F ${klog ? head : ''}${words}`
}
