/** A part of a pod that is spoken with rather than read: `/api/v1/namespaces/NS/pods/NAME/log` and its kin. */
export interface PodSubresource {
  readonly namespace: string
  readonly name: string
  readonly subresource: 'log' | 'exec' | 'attach' | 'portforward'
}

const PATH = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(log|exec|attach|portforward)$/

export function findSubresource(path: string): PodSubresource | undefined {
  const [, namespace, name, subresource] = PATH.exec(path) ?? []
  if (namespace === undefined || name === undefined) return undefined
  return {
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
    subresource: subresource as PodSubresource['subresource'],
  }
}
