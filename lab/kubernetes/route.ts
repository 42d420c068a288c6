import { apiVersionOf, RESOURCES, type ApiResource } from './resources.ts'

/** Which objects a path means. */
export interface ResourceRoute {
  readonly resource: ApiResource
  readonly namespace: string | undefined
  readonly name: string | undefined
  /** As in `eviction`. */
  readonly subresource: string | undefined
}

/** `/api/v1/namespaces/kube-system/pods/x` and its kin; undefined when nothing like it is served. */
export function findRoute(path: string): ResourceRoute | undefined {
  for (const resource of RESOURCES) {
    const base = `${resource.group === '' ? '/api' : '/apis'}/${apiVersionOf(resource)}/`
    if (!path.startsWith(base)) continue
    const parts = path.slice(base.length).split('/').map(decodeURIComponent)
    const namespaced = resource.namespaced && parts[0] === 'namespaces'
    const [plural, name, subresource, ...rest] = namespaced ? parts.slice(2) : parts
    if (plural !== resource.plural || rest.length > 0) continue
    // What is in a namespace is no part of the Namespace.
    if (plural === 'namespaces' && RESOURCES.some((one) => one.plural === subresource)) continue
    const namespace = namespaced ? parts[1] : undefined
    return { resource, namespace, name: name === '' ? undefined : name, subresource }
  }
  return undefined
}
