import { byKind, idOf, type Documents } from '#core/check/documents.ts'
import { referencesOf } from '#core/check/references.ts'
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

/** Stored documents that refer to an object, as their owner sees them now. */
export const usersOf = (world: World, stored: Stored): readonly ScopedDocument[] =>
  world.before.filter(({ stored: user }) =>
    referencesOf(user).some(({ kind, name }) => kind === stored.kind && name === stored.metadata.name),
  )

export const isBootstrapped = (scoped: ScopedDocument): boolean =>
  typeof scoped.status === 'object' && scoped.status !== null && Reflect.get(scoped.status, 'bootstrapped') === true
