import type { Clock } from '#core/base/clock.ts'
import type { Calls, Items } from './calls.ts'
import { getResource, listResources, type StateClient } from './cosi.ts'
import { isAbsent, isUnknownResourceType } from './errors.ts'
import type { NodeResources, ResourceChange } from './node-resources.ts'
import { RESOURCES, type ResourceKind, type ResourceName, type SpecOf } from './resource-types.ts'
import { watchKind } from './watch.ts'

/** `NodeResources` over gRPC. */
export function nodeResources(client: StateClient, calls: Calls, clock: Clock): NodeResources {
  return {
    resource: (name, signal) =>
      calls.read(name, signal, async (options) => {
        const { id, ...kind } = kindOf(name)
        try {
          return await getResource(client, { ...kind, id: id ?? '' }, kind.schema, options)
        } catch (error) {
          if (isAbsent(error) || isUnknownResourceType(error)) return undefined
          throw error
        }
      }),
    resources: (name, signal) =>
      calls.read(name, signal, async (options) => {
        const kind = kindOf(name)
        try {
          return await listResources(client, kind, kind.schema, options)
        } catch (error) {
          if (isUnknownResourceType(error)) return []
          throw error
        }
      }),
    watch: <N extends ResourceName>(name: N, signal: AbortSignal): Items<ResourceChange<SpecOf<N>>> =>
      watchKind(kindOf(name), { client, calls, clock }, signal),
  }
}

/** The table's own types say the same; the compiler does not follow them through a name that is not known yet. */
const kindOf = <N extends ResourceName>(name: N) => RESOURCES[name] as unknown as ResourceKind<SpecOf<N>>
