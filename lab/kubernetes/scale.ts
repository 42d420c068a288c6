import { at, numberAt, record } from './fields.ts'
import type { KubeObject } from './objects.ts'
import { notFound, statusBody } from './status.ts'
import type { Subresource } from './subresources.ts'

/** The scale subresource: how many pods a set wants and has, in one shape for every kind of set. */
export const SCALE: Subresource = {
  of: 'deployments',
  name: 'scale',
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: ['get', 'patch', 'update'],
  answer({ cluster: { store } }, { resource, name = '', namespace }, { verb, object }) {
    const set = store.find(resource.plural, name, namespace)
    if (!set) return { status: 404, body: statusBody(notFound(resource.plural, name)) }
    if (verb === 'get') return { status: 200, body: scaleOf(set) }
    const replicas = numberAt(at(object, 'spec', 'replicas'), numberAt(at(set, 'spec', 'replicas'), 1))
    const changed = store.put(resource.plural, { ...set, spec: { ...record(set['spec']), replicas } })
    return { status: 200, body: scaleOf(changed) }
  },
}

const scaleOf = (set: KubeObject) => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: set.metadata,
  spec: { replicas: numberAt(at(set, 'spec', 'replicas'), 1) },
  status: {
    replicas: numberAt(at(set, 'status', 'replicas'), 0),
    selector: Object.entries(record(at(set, 'spec', 'selector', 'matchLabels')))
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(','),
  },
})
