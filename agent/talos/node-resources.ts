import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import type { ListName, ResourceName, SingleName, SpecOf } from './resource-types.ts'

/** Reading and watching what a node tells about itself. Asks for nothing and changes nothing; repeating it is harmless. */
export interface NodeResources {
  /** Undefined while there is none, and for a kind that this Talos does not know. */
  resource<N extends SingleName>(
    name: N,
    signal?: AbortSignal,
  ): Promise<Result<NodeResource<SpecOf<N>> | undefined, Problem>>
  /** Empty for a kind that this Talos does not know. */
  resources<N extends ListName>(
    name: N,
    signal?: AbortSignal,
  ): Promise<Result<readonly NodeResource<SpecOf<N>>[], Problem>>
  /**
   * All there is now, then each change, until the signal aborts: a lost watch is opened again, where it was left if the
   * node still knows, else with all there is. Ends by itself only after a problem that no waiting mends, its last item.
   */
  watch<N extends ResourceName>(name: N, signal: AbortSignal): AsyncIterable<Result<ResourceChange<SpecOf<N>>, Problem>>
}

export interface NodeResource<T> {
  readonly id: string
  /** Grows with each change; static pods carry that of their configuration. */
  readonly version: string
  readonly spec: T
}

export type ResourceChange<T> =
  /** Replaces everything known before. */
  | { readonly is: 'all'; readonly resources: readonly NodeResource<T>[] }
  | ({ readonly is: 'put' } & NodeResource<T>)
  | { readonly is: 'gone'; readonly id: string }
  /** What is known is getting old: the node does not answer, and is asked again. */
  | { readonly is: 'lost'; readonly problem: Problem }
