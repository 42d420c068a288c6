import { nearest } from '../base/nearest.ts'
import type { ProblemCode } from '../model/problem.ts'

/**
 * Something wrong with a document, by path. The CLI shows it at its place in a file, the API as a pointer; both say the
 * same words, because both get them here.
 */
export interface Finding {
  readonly path: Path
  /** `key`: the name itself is wrong; `value`: what it holds. */
  readonly target: 'key' | 'value'
  readonly code: ProblemCode
  readonly message: string
  /** What was probably meant; goes behind the message. */
  readonly hint?: string | undefined
}

export type Path = readonly (string | number)[]

export const finding = (
  path: Path,
  message: string,
  more: { readonly target?: Finding['target']; readonly code?: ProblemCode; readonly hint?: string | undefined } = {},
): Finding => ({
  path,
  target: more.target ?? 'value',
  code: more.code ?? 'invalid-document',
  message,
  ...(more.hint === undefined ? {} : { hint: more.hint }),
})

/** Message and hint in one line. */
export const sayFinding = ({ message, hint }: Pick<Finding, 'message' | 'hint'>): string =>
  hint === undefined ? message : `${message}; ${hint}`

/** A hint for a name that is not there; undefined when none of the candidates is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const near = nearest(name, candidates)
  return near === undefined ? undefined : `did you mean "${near}"?`
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined,
    value,
  )
}
