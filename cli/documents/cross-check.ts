import { checkBetween } from '#core/check/check-between.ts'
import { byKind, checkTwice, idOf } from '#core/check/documents.ts'
import { sayFinding, type Finding } from '#core/check/finding.ts'
import { checkPatches } from '#core/check/patches.ts'
import { danglingReferences } from '#core/check/references.ts'
import { checkSettings } from '#core/check/settings.ts'
import { checkVersions } from '#core/check/versions.ts'
import type { Document } from '#core/model/document.ts'
import { contractOfTalos } from '#core/talos/versions.ts'

/**
 * What can be said about documents together without asking anyone, by the checks that the API makes, too. A reference
 * that leads out of the files is only noted, because the object may exist in the API.
 */
export interface CrossCheck {
  readonly errors: readonly (Finding & { readonly index: number })[]
  readonly notes: readonly string[]
}

export function crossCheck(documents: readonly Document[]): CrossCheck {
  const known = byKind(documents)
  return {
    errors: documents.flatMap((document, index) =>
      [
        ...checkTwice(document, documents.slice(0, index)),
        ...checkBetween(document, known, () => true),
        ...checkVersions(document),
        ...checkSettings(document, known, contractOfNew(document), () => true),
        ...checkPatches(document),
      ].map((found) => ({ ...found, index })),
    ),
    notes: documents.flatMap((document) =>
      danglingReferences(document, known).map(({ kind, name, hint }) =>
        sayFinding({ message: `${idOf(document)} refers to ${kind}/${name}, which is not in these files`, hint }),
      ),
    ),
  }
}

/** Files know nothing of what exists; the API says more when a cluster is older than its Talos. */
const contractOfNew = (document: Document): string | undefined =>
  document.kind === 'Cluster' ? contractOfTalos(document.spec.talos.version) : undefined
