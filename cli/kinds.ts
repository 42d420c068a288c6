import { nearest } from '#core/base/nearest.ts'
import { ok, type Result } from '#core/base/result.ts'
import { KINDS, PLURALS, type Kind } from '#core/model/document.ts'
import { EXIT } from './exit-codes.ts'
import { fail, type Failure } from './failure.ts'

/** The words people use for kinds: `cluster`, `clusters`, `Cluster`. */
export function kindOf(word: string): Kind | undefined {
  const lower = word.toLowerCase()
  return KINDS.find((kind) => kind.toLowerCase() === lower || PLURALS[kind] === lower)
}

export const KIND_WORDS: readonly string[] = KINDS.map((kind) => PLURALS[kind])

export function readKind(word: string, known: readonly string[] = KIND_WORDS): Result<Kind, Failure> {
  const kind = kindOf(word)
  if (kind) return ok(kind)
  const near = nearest(word, known)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  return fail(EXIT.usage, `There is no kind "${word}"${hint}`, `Kinds: ${known.join(', ')}`)
}
