import { checkBetween } from '#core/check/check-between.ts'
import { checkTwice, idOf } from '#core/check/documents.ts'
import { finding, type Finding } from '#core/check/finding.ts'
import { checkPatches } from '#core/check/patches.ts'
import { danglingReferences } from '#core/check/references.ts'
import { checkSettings } from '#core/check/settings.ts'
import { checkVersions } from '#core/check/versions.ts'
import { problem, type ProblemCode } from '#core/model/problem.ts'
import type { Document } from '#core/model/document.ts'
import type { FieldError, Path, Refusal } from '../http.ts'
import { checkChanges } from './changes.ts'
import { toFieldError } from './issues.ts'
import { contractIn, findBefore, type World } from './world.ts'

/** Everything that must hold between documents, all of it at once, so that a person mends a file in one go. */
export function checkDocuments(
  documents: readonly { readonly document: Document; readonly at: Path }[],
  world: World,
): Refusal | undefined {
  const errors = documents.flatMap(({ document, at }, index) => {
    const checkedItself = (cluster: Document) => world.brought.has(idOf(cluster))
    const earlier = documents.slice(0, index).map((other) => other.document)
    return [
      ...checkTwice(document, earlier),
      ...checkDeleting(document, world),
      ...checkReferences(document, world),
      ...checkBetween(document, world, checkedItself),
      ...(keepsVersions(document, world) ? [] : checkVersions(document)),
      ...checkSettings(document, world, contractIn(world, document), checkedItself),
      ...checkPatches(document),
      ...checkChanges(document, world),
    ].map((found) => toFieldError(found, at))
  })
  return errors.length === 0 ? undefined : { problem: problem(codeOf(errors)), errors }
}

const checkDeleting = (document: Document, world: World): readonly Finding[] =>
  findBefore(world, document)?.stored.deletingAt === undefined
    ? []
    : [finding([], `${idOf(document)} is being deleted`, { code: 'being-deleted' })]

const checkReferences = (document: Document, world: World): readonly Finding[] =>
  danglingReferences(document, world).map(({ kind, name, path, hint }) =>
    finding(path, `there is no ${kind} "${name}", neither here nor in the request`, {
      code: 'reference-missing',
      hint,
    }),
  )

/** A cluster that keeps its versions is left alone, whatever the range is now. */
function keepsVersions(document: Document, world: World): boolean {
  const before = findBefore(world, document)?.stored
  if (document.kind !== 'Cluster' || before?.kind !== 'Cluster') return false
  const { talos, kubernetes } = document.spec
  return talos.version === before.spec.talos.version && kubernetes.version === before.spec.kubernetes.version
}

/** The one code that all errors share, else the general one. */
function codeOf(errors: readonly FieldError[]): ProblemCode {
  const codes = new Set(errors.map((error) => error.code))
  const [first = 'invalid-document'] = codes
  return codes.size === 1 ? first : 'invalid-document'
}
