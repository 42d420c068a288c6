import { byKind, idOf, type Documents } from '#core/check/documents.ts'
import { referencesOf } from '#core/check/references.ts'
import type { Document, Stored } from '#core/model/document.ts'
import { contractOfCluster } from '#core/talos/cluster-contract.ts'
import type { ScopedDocument } from '#db/scope.ts'

/**
 * The documents as they would be after a request: what is stored, with what the request brings laid over it. Checks look
 * at nothing else.
 */
export interface World extends Documents {
  /** What is stored now; a cluster that is gone is not there. */
  readonly before: readonly ScopedDocument[]
  /** `Kind/name` of what the request brings. */
  readonly brought: ReadonlySet<string>
}

export const isGone = (scoped: ScopedDocument): boolean => scoped.phase === 'gone'

export function worldOf(stored: readonly ScopedDocument[], documents: readonly Document[]): World {
  const before = stored.filter((scoped) => !isGone(scoped))
  const brought: ReadonlySet<string> = new Set(documents.map(idOf))
  const after: readonly Document[] = [
    ...before.map((scoped) => scoped.stored).filter((document) => !brought.has(idOf(document))),
    ...documents,
  ]
  return { before, brought, ...byKind(after) }
}

export const findBefore = (world: World, document: Document): ScopedDocument | undefined =>
  world.before.find((scoped) => idOf(scoped.stored) === idOf(document))

/** Stored documents that refer to an object, as their owner sees them now. */
export const usersOf = (world: World, stored: Stored): readonly ScopedDocument[] =>
  world.before.filter(({ stored: user }) =>
    referencesOf(user).some(({ kind, name }) => kind === stored.kind && name === stored.metadata.name),
  )

export const isBootstrapped = (scoped: ScopedDocument): boolean => statusValue(scoped, 'bootstrapped') === true

/** The Talos contract that a cluster has or would get. */
export function contractIn(world: World, document: Document): string | undefined {
  if (document.kind !== 'Cluster') return undefined
  const before = findBefore(world, document)
  const stored = before && statusValue(before, 'talosContract')
  return contractOfCluster({
    talosVersion: document.spec.talos.version,
    stored: typeof stored === 'string' ? stored : undefined,
    bootstrapped: before !== undefined && isBootstrapped(before),
  })
}

const statusValue = ({ status }: ScopedDocument, key: string): unknown =>
  typeof status === 'object' && status !== null ? Reflect.get(status, key) : undefined
