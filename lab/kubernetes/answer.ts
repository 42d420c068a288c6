import type { ApiServerOptions } from './api-server.ts'
import { discovery } from './discovery.ts'
import type { KubeObject, WatchEvent } from './objects.ts'
import { allows, ANONYMOUS, type Attributes, type User } from './rbac.ts'
import { apiVersionOf } from './resources.ts'
import { findRoute, type ResourceRoute } from './route.ts'
import { selectorOf } from './selectors.ts'
import {
  gone,
  NO_STORAGE,
  notAllowed,
  notFound,
  PAGE_NOT_FOUND,
  statusBody,
  UNAUTHORIZED,
  type Status,
} from './status.ts'
import { findSubresource } from './subresources.ts'
import { toTable } from './tables.ts'
import { parseBody, write } from './write.ts'

/** One request, decoded from HTTP, and what to say to it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string
  readonly contentType: string
  readonly impersonate: User | undefined
  readonly body: string | undefined
}

export type Answer =
  | { readonly status: number; readonly body: unknown }
  /** A watch: calls `write` for each event until the returned function is called; `end` when the server ends it. */
  | { readonly follow: (write: (line: unknown) => void, end: () => void) => () => void }

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
const HEALTH = /^\/(livez|readyz|healthz)(\/.*)?$/
/** The real server ends watches after 30 to 60 minutes when the caller does not say. */
const WATCH_SECONDS = 1_800

const refuse = (status: Status): Answer => ({ status: status.code, body: statusBody(status) })

export function answer(options: ApiServerOptions, caller: User, asked: Asked): Answer {
  const { store } = options.cluster
  const route = findRoute(asked.path)
  const verb = verbOf(asked, route)
  const wanted: Attributes = route
    ? {
        verb,
        group: route.resource.group,
        resource:
          route.subresource === undefined ? route.resource.plural : `${route.resource.plural}/${route.subresource}`,
        ...(route.namespace === undefined ? {} : { namespace: route.namespace }),
        ...(route.name === undefined ? {} : { name: route.name }),
      }
    : { verb, group: '', resource: '', path: asked.path }

  let user = caller
  if (asked.impersonate) {
    const { impersonate } = asked
    const may = (resource: string, name: string) =>
      allows(store, caller, { verb: 'impersonate', group: '', resource, name })
    const groups = impersonate.groups.filter((group) => group !== 'system:authenticated')
    if (!may('users', impersonate.name) || !groups.every((group) => may('groups', group)))
      return refuse(forbidden(caller, { verb: 'impersonate', group: '', resource: 'users', name: impersonate.name }))
    user = impersonate
  }
  if (!allows(store, user, wanted)) return refuse(user === ANONYMOUS ? UNAUTHORIZED : forbidden(user, wanted))

  if (HEALTH.test(asked.path)) return health(options, asked)
  const found = discovery(asked.path, options.kubernetesVersion())
  if (found !== undefined) return { status: 200, body: found }
  if (!route) return refuse(PAGE_NOT_FOUND)
  if (!options.cluster.storageHealthy()) return refuse(NO_STORAGE)
  if (route.subresource !== undefined) return below(options, route, asked, verb)
  if (!route.resource.verbs.includes(verb)) return refuse(notAllowed)
  switch (verb) {
    case 'watch':
      return watch(options, route, asked)
    case 'list':
      return read(options, route, asked)
    case 'get':
      return readOne(options, route, asked)
    default:
      return write(options, route, asked, verb)
  }
}

function below(options: ApiServerOptions, route: ResourceRoute, asked: Asked, verb: string): Answer {
  const found = findSubresource(route.resource.plural, route.subresource ?? '')
  if (!found) return refuse(PAGE_NOT_FOUND)
  if (!found.verbs.includes(verb)) return refuse(notAllowed)
  const body = parseBody(asked)
  return body.ok ? found.answer(options, route, { verb, query: asked.query, object: body.value }) : refuse(body.error)
}

function verbOf(asked: Asked, route: ResourceRoute | undefined): string {
  if (asked.method !== 'GET') return VERBS[asked.method] ?? asked.method.toLowerCase()
  if (!route) return 'get'
  if (['1', 'true'].includes(asked.query.get('watch') ?? '')) return 'watch'
  return route.name === undefined ? 'list' : 'get'
}

function forbidden(user: User, asked: Attributes): Status {
  const what =
    asked.path === undefined ? `resource "${asked.resource}" in API group "${asked.group}"` : `path "${asked.path}"`
  const where =
    asked.path !== undefined
      ? ''
      : asked.namespace === undefined
        ? ' at the cluster scope'
        : ` in the namespace "${asked.namespace}"`
  const subject = asked.name === undefined ? '' : ` "${asked.name}"`
  const kind = asked.path === undefined ? `${asked.resource}${subject} is forbidden` : 'forbidden'
  const verb = asked.path === undefined ? `cannot ${asked.verb} ${what}` : `cannot ${asked.verb} ${what}`
  return {
    code: 403,
    reason: 'Forbidden',
    message: `${kind}: User "${user.name}" ${verb}${where}`,
    details: { ...(asked.name === undefined ? {} : { name: asked.name }), kind: asked.resource },
  }
}

function health(options: ApiServerOptions, asked: Asked): Answer {
  const healthy = options.cluster.storageHealthy()
  // Only liveness leaves etcd out of account.
  if (healthy || asked.path.startsWith('/livez'))
    return { status: 200, body: asked.query.has('verbose') ? '[+]ping ok\n[+]etcd ok\nhealthz check passed\n' : 'ok' }
  return { status: 500, body: '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n' }
}

const wantsTable = (asked: Asked): boolean => asked.accept.includes('as=Table')

function read(options: ApiServerOptions, route: ResourceRoute, asked: Asked): Answer {
  const { store } = options.cluster
  const objects = store.list(route.resource.plural, route.namespace).filter(selectorOf(asked.query))
  const resourceVersion = String(store.version)
  const body = wantsTable(asked)
    ? toTable(route.resource.plural, objects, resourceVersion, options.time.now())
    : {
        kind: `${route.resource.kind}List`,
        apiVersion: apiVersionOf(route.resource),
        metadata: { resourceVersion },
        items: objects,
      }
  return { status: 200, body }
}

function findOne(options: ApiServerOptions, route: ResourceRoute): KubeObject | undefined {
  return options.cluster.store.find(route.resource.plural, route.name ?? '', route.namespace)
}

function readOne(options: ApiServerOptions, route: ResourceRoute, asked: Asked): Answer {
  const object = findOne(options, route)
  if (!object) return refuse(notFound(route.resource.plural, route.name ?? ''))
  const table = () => toTable(route.resource.plural, [object], object.metadata.resourceVersion, options.time.now())
  return { status: 200, body: wantsTable(asked) ? table() : object }
}

function watch(options: ApiServerOptions, route: ResourceRoute, asked: Asked): Answer {
  const { store } = options.cluster
  if (asked.query.get('sendInitialEvents') === 'true')
    return refuse({
      code: 422,
      reason: 'Invalid',
      message: 'sendInitialEvents is forbidden for watch: not enabled here',
    })
  const selects = selectorOf(asked.query)
  const after = Number(asked.query.get('resourceVersion') ?? '') || 0
  const seconds = Number(asked.query.get('timeoutSeconds') ?? '') || WATCH_SECONDS
  const shape = (object: KubeObject): unknown =>
    wantsTable(asked)
      ? toTable(route.resource.plural, [object], object.metadata.resourceVersion, options.time.now())
      : object
  return {
    follow(send, end) {
      const onEvent = (event: WatchEvent) => {
        if (event.resource !== route.resource.plural || !selects(event.object)) return
        if (route.namespace !== undefined && event.object.metadata.namespace !== route.namespace) return
        if (route.name !== undefined && event.object.metadata.name !== route.name) return
        send({ type: event.type, object: shape(event.object) })
      }
      // Without a version the present comes first, as if it had just been added.
      if (after === 0)
        for (const object of store.list(route.resource.plural, route.namespace))
          onEvent({ type: 'ADDED', version: store.version, resource: route.resource.plural, object })
      const stop = store.watch(after === 0 ? store.version : after, onEvent)
      if (!stop) {
        send({ type: 'ERROR', object: statusBody(gone(after, store.version)) })
        end()
        return () => undefined
      }
      const timer = setTimeout(end, seconds * 1000)
      return () => {
        clearTimeout(timer)
        stop()
      }
    },
  }
}
