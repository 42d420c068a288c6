import type { ApiServerOptions } from './api-server.ts'
import { EVICTION } from './eviction.ts'
import type { ResourceRoute } from './route.ts'
import { SCALE } from './scale.ts'

/**
 * What hangs below an object, as `pods/NAME/eviction`. Each is one entry of this table, in a file of its own: discovery
 * tells of it, its rights are asked for `pods/eviction`, and its verbs are checked before it is asked.
 */
export interface Subresource {
  /** Plural of the resource that it belongs to. */
  readonly of: string
  readonly name: string
  /** Of the body, where it is not that of its resource. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  answer(options: ApiServerOptions, route: ResourceRoute, given: SubresourceGiven): SubresourceAnswer
}

export interface SubresourceGiven {
  readonly verb: string
  readonly query: URLSearchParams
  /** The body, when there was one. */
  readonly object: Readonly<Record<string, unknown>>
}
export interface SubresourceAnswer {
  readonly status: number
  readonly body: unknown
}

const scaled = ['deployments', 'replicasets'].map((of): Subresource => ({ ...SCALE, of }))

export const SUBRESOURCES: readonly Subresource[] = [EVICTION, ...scaled]

export const findSubresource = (of: string, name: string): Subresource | undefined =>
  SUBRESOURCES.find((one) => one.of === of && one.name === name)
