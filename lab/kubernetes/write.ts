import { parse } from 'yaml'
import { err, ok, type Result } from '#core/base/result.ts'
import { isRecord, textOf } from '../talos/config/shape.ts'
import type { Answer, Asked } from './answer.ts'
import type { ApiServerOptions } from './api-server.ts'
import { at, record } from './fields.ts'
import { mergePatch } from './merge-patch.ts'
import { isDraft, type KubeObject, type ObjectDraft } from './objects.ts'
import type { ResourceRoute } from './route.ts'
import { conflict, invalid, notFound, statusBody, type Status } from './status.ts'

/** Creations, changes and deletions. What a kind does of its own accord when it is written stands in one table. */
type Cluster = ApiServerOptions['cluster']
interface Manners {
  readonly create?: (cluster: Cluster, draft: ObjectDraft) => KubeObject
  readonly patch?: (cluster: Cluster, object: KubeObject, patch: Record<string, unknown>) => void
  readonly remove?: (cluster: Cluster, object: KubeObject, graceS: number | undefined) => void
}
const MANNERS: Readonly<Record<string, Manners>> = {
  nodes: {
    patch: (cluster, { metadata }, patch) => cluster.patchNode(metadata.name, patch),
    remove: (cluster, { metadata: { name } }) => {
      cluster.deleteNode(name)
      cluster.store.delete('nodes', name)
    },
  },
  pods: {
    create: (cluster, draft) => cluster.pods.create(draft),
    remove: (cluster, pod, graceS) => cluster.pods.shutDown(pod, graceS),
  },
  namespaces: {
    create: (cluster, draft) => cluster.store.put('namespaces', { ...draft, status: { phase: 'Active' } }),
    remove: (cluster, { metadata }) => cluster.deleteNamespace(metadata.name),
  },
}
const MERGES = /(merge|strategic-merge)-patch\+json/

const refuse = (status: Status): Answer => ({ status: status.code, body: statusBody(status) })

export function write(options: ApiServerOptions, route: ResourceRoute, asked: Asked, verb: string): Answer {
  const { cluster } = options
  const { plural } = route.resource
  const { store } = cluster
  const existing = store.find(plural, route.name ?? '', route.namespace)
  if (verb !== 'create' && !existing) return refuse(notFound(plural, route.name ?? ''))
  const parsed = parseBody(asked)
  if (!parsed.ok) return refuse(parsed.error)
  const body = parsed.value
  if (verb === 'delete' && existing) return remove(cluster, route, existing, body)
  if (verb === 'patch' && existing) {
    if (!MERGES.test(asked.contentType))
      return refuse({
        code: 415,
        reason: 'UnsupportedMediaType',
        message: `${asked.contentType} is not supported here`,
      })
    const patched = MANNERS[plural]?.patch
    if (patched) patched(cluster, existing, body)
    else store.put(plural, { ...existing, ...record(mergePatch(existing, body)), metadata: metadataOf(existing, body) })
    return { status: 200, body: store.find(plural, existing.metadata.name, route.namespace) }
  }
  const draft = named(body, route)
  if (!isDraft(draft)) return refuse(invalid('apiVersion, kind and metadata.name are required'))
  if (verb !== 'create') return { status: 200, body: store.put(plural, draft) }
  if (store.find(plural, draft.metadata.name, draft.metadata.namespace))
    return refuse({ code: 409, reason: 'AlreadyExists', message: `${plural} "${draft.metadata.name}" already exists` })
  if (route.namespace !== undefined && !store.find('namespaces', route.namespace))
    return refuse(notFound('namespaces', route.namespace))
  return { status: 201, body: MANNERS[plural]?.create?.(cluster, draft) ?? store.put(plural, draft) }
}

function remove(
  cluster: Cluster,
  { resource: { plural } }: ResourceRoute,
  object: KubeObject,
  options: Record<string, unknown>,
): Answer {
  const { name, namespace, uid } = object.metadata
  const wanted = at(options, 'preconditions', 'uid')
  if (wanted !== undefined && wanted !== uid) return refuse(conflict(plural, name, textOf(wanted)))
  const graceS = options['gracePeriodSeconds']
  const own = MANNERS[plural]?.remove
  if (own) own(cluster, object, typeof graceS === 'number' ? graceS : undefined)
  else cluster.store.delete(plural, name, namespace)
  // What ends later is shown as it is meanwhile.
  const still = plural === 'pods' ? cluster.store.find(plural, name, namespace) : undefined
  const details = { name, kind: plural, uid }
  return { status: 200, body: still ?? statusBody({ code: 200, reason: '', message: '', details }) }
}

/** Identity stays; labels and annotations follow the patch. */
const metadataOf = ({ metadata }: KubeObject, patch: Record<string, unknown>): ObjectDraft['metadata'] => ({
  ...metadata,
  ...record(mergePatch({ labels: metadata.labels, annotations: metadata.annotations }, record(patch['metadata']))),
  name: metadata.name,
})

/** The path says where; a name may be left to the server. */
function named(body: Record<string, unknown>, { namespace }: ResourceRoute): Record<string, unknown> {
  const metadata = record(body['metadata'])
  const prefix = metadata['generateName']
  const name =
    metadata['name'] ?? (typeof prefix === 'string' ? prefix + Math.random().toString(36).slice(2, 7) : undefined)
  return { ...body, metadata: { ...metadata, name, ...(namespace === undefined ? {} : { namespace }) } }
}

export function parseBody(asked: Asked): Result<Record<string, unknown>, Status> {
  if (!asked.body) return ok({})
  // `kubectl create` speaks it; `kubectl apply -f` does not.
  if (asked.contentType.includes('protobuf'))
    return err({ code: 415, reason: 'UnsupportedMediaType', message: 'the lab reads JSON and YAML, not protobuf' })
  try {
    // YAML is a superset of JSON, and kubectl may send either.
    const body: unknown = parse(asked.body)
    return isRecord(body) ? ok(body) : err(invalid('the body is not an object'))
  } catch (error) {
    return err(invalid(`the body cannot be parsed: ${String(error)}`))
  }
}
