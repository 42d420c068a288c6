import type { KubernetesCluster } from '../kubernetes/cluster.ts'
import type { ObjectDraft } from '../kubernetes/objects.ts'
import { RESOURCES } from '../kubernetes/resources.ts'
import type { EtcdContents } from './etcd-snapshot.ts'

/** What Kubernetes keeps in etcd, as keys and values; and the way back. */
const PREFIX = '/registry/'
/** Written again by the kubelets that are there, so they are in a snapshot but not brought back from one. */
const KUBELETS_OWN = new Set(['nodes', 'pods'])

export function contentsOf(kubernetes: KubernetesCluster): EtcdContents {
  const entries = RESOURCES.flatMap(({ plural }) =>
    kubernetes.store.list(plural).map((object) => {
      const { name, namespace } = object.metadata
      const path = namespace === undefined ? name : `${namespace}/${name}`
      return [`${PREFIX}${plural}/${path}`, JSON.stringify(object)] as const
    }),
  )
  return new Map(entries)
}

export function restoreContents(kubernetes: KubernetesCluster, contents: EtcdContents): void {
  for (const [key, value] of contents) {
    const plural = key.slice(PREFIX.length).split('/')[0] ?? ''
    if (KUBELETS_OWN.has(plural) || !RESOURCES.some((resource) => resource.plural === plural)) continue
    kubernetes.store.put(plural, JSON.parse(value) as ObjectDraft)
  }
}
