import { problem, type ProblemCode } from '#core/model/problem.ts'
import type { Document } from '#core/model/document.ts'
import type { FieldError, Path, Refusal } from '../http.ts'
import { checkAddresses } from './addresses.ts'
import { checkChanges } from './changes.ts'
import { fieldError } from './issues.ts'
import { checkReferences } from './references.ts'
import { checkVersions } from './versions.ts'
import { findBefore, idOf, type World } from './world.ts'

/** Everything that must hold between documents, all of it at once, so that a person mends a file in one go. */
export function checkDocuments(
  documents: readonly { readonly document: Document; readonly at: Path }[],
  world: World,
): Refusal | undefined {
  const errors = documents.flatMap(({ document, at }, index) => {
    const deleting = findBefore(world, document)?.stored.deletingAt !== undefined
    return [
      ...checkTwice(documents.slice(0, index), document, at),
      ...(deleting ? [fieldError(at, `${idOf(document)} is being deleted`, 'being-deleted')] : []),
      ...checkReferences(document, at, world),
      ...checkAddresses(document, at, world),
      ...checkVersions(document, at, world),
      ...checkChanges(document, at, world),
    ]
  })
  return errors.length === 0 ? undefined : { problem: problem(codeOf(errors)), errors }
}

function checkTwice(earlier: readonly { readonly document: Document }[], document: Document, at: Path) {
  return earlier.some((other) => idOf(other.document) === idOf(document))
    ? [fieldError([...at, 'metadata', 'name'], `${idOf(document)} is here twice`)]
    : []
}

/** The one code that all errors share, else the general one. */
function codeOf(errors: readonly FieldError[]): ProblemCode {
  const codes = new Set(errors.map((error) => error.code))
  const [first = 'invalid-document'] = codes
  return codes.size === 1 ? first : 'invalid-document'
}
