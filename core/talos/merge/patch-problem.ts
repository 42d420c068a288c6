/** Why a patch or the configuration it is for cannot be used. `where` is a path of fields, as in `machine.network`. */
export type PatchProblem = {
  /** Which patch of the list, counted from 0; undefined when it is the configuration. */
  readonly patch?: number | undefined
} & (
  | { readonly code: 'too-large'; readonly limit: string }
  | { readonly code: 'no-document' }
  | { readonly code: 'not-yaml'; readonly reason: string }
  | { readonly code: 'unknown-document'; readonly document: string }
  | { readonly code: 'duplicate-document'; readonly document: string }
  | { readonly code: 'unknown-field' | 'lookup-failed'; readonly document: string; readonly where: string }
  | {
      readonly code: 'wrong-type' | 'type-mismatch' | 'delete-not-possible'
      readonly document: string
      readonly where: string
      readonly reason: string
    }
  | { readonly code: 'json-patch-multi-document'; readonly documentCount: number }
  | { readonly code: 'json-patch-failed'; readonly where: string; readonly reason: string }
  | { readonly code: 'owned-field'; readonly document: string; readonly where: string; readonly reason: string }
)

/** One sentence; the same meaning as upstream's where upstream has one. */
export function sayPatchProblem(problem: PatchProblem): string {
  return `${problem.patch === undefined ? 'configuration' : `patch ${problem.patch + 1}`}: ${sayPatchReason(problem)}`
}

/** The same without which patch it is about. */
export function sayPatchReason(problem: PatchProblem): string {
  switch (problem.code) {
    case 'too-large':
      return `larger than the limit of ${problem.limit}`
    case 'no-document':
      return 'there is no document in it'
    case 'not-yaml':
      return `not YAML: ${problem.reason}`
    case 'unknown-document':
      return `there is no document ${problem.document} in Talos 1.12 to 1.14`
    case 'duplicate-document':
      return `${problem.document} is here for the second time`
    case 'unknown-field':
      return `${problem.document} has no field ${problem.where}`
    case 'lookup-failed':
      return `nothing to delete at ${problem.where} of ${problem.document}: lookup failed`
    case 'wrong-type':
    case 'type-mismatch':
    case 'delete-not-possible':
      return `${problem.where === '' ? problem.document : `${problem.where} of ${problem.document}`} ${problem.reason}`
    case 'json-patch-multi-document':
      return `JSON patches (RFC 6902) are not supported for a machine configuration of several documents; this one has ${problem.documentCount}. Write it as a strategic merge patch`
    case 'json-patch-failed':
      return `${problem.where} ${problem.reason}`
    case 'owned-field':
      return `${problem.where === '' ? problem.document : `${problem.where} of ${problem.document}`} is not for patches: ${problem.reason}`
  }
}
