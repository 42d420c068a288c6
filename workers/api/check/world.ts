import { byKind, idOf, type Documents } from '#core/check/documents.ts'
import type { Document, Stored } from '#core/model/document.ts'
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

/** Stored clusters that use an object, as their owner sees them now. */
export function usersOf(world: World, stored: Stored): readonly ScopedDocument[] {
  const name = stored.metadata.name
  return world.before.filter(({ stored: user }) => {
    if (user.kind === 'Network') return stored.kind === 'Site' && user.spec.site === name
    if (user.kind !== 'Cluster') return false
    if (stored.kind === 'Site') return user.spec.site === name
    if (stored.kind === 'Network') return user.spec.nodeNetwork === name
    return stored.kind === 'MachineClass' && user.spec.controlPlane.class === name
  })
}

export const isBootstrapped = (scoped: ScopedDocument): boolean =>
  typeof scoped.status === 'object' && scoped.status !== null && Reflect.get(scoped.status, 'bootstrapped') === true
