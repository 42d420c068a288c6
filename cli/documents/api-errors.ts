import type { ApiProblem } from '../api/problem.ts'
import { locate, sayPath, type Issue, type Path, type SourceDocument } from '../yaml/source.ts'

/**
 * The errors of an apply, put back where the person wrote them. A pointer such as `/documents/3/spec/vmids` counts the
 * documents in the order they were sent. Errors without a usable pointer come back as plain lines.
 */
export function locateApiErrors(
  problem: ApiProblem,
  sent: readonly SourceDocument[],
): { readonly issues: readonly Issue[]; readonly others: readonly string[] } {
  const issues: Issue[] = []
  const others: string[] = []
  for (const error of problem.errors ?? []) {
    const message = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`
    const [, index, rest] = /^\/documents\/(\d{1,3})(\/.*)?$/s.exec(error.pointer ?? '') ?? []
    const source = index === undefined ? undefined : sent[Number(index)]
    if (!source) {
      others.push([error.path ?? error.pointer, message].filter((part) => part !== undefined && part !== '').join('  '))
      continue
    }
    const path = parsePointer(rest ?? '')
    issues.push({ ...locate(source, path, 'value'), path: sayPath(path), message })
  }
  return { issues, others }
}

/** RFC 6901. A member of digits may be a key or an index; the tree decides where it is looked up. */
function parsePointer(pointer: string): Path {
  if (pointer === '') return []
  return pointer
    .slice(1)
    .split('/')
    .map((member) => member.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((member) => (/^(0|[1-9]\d{0,5})$/.test(member) ? Number(member) : member))
}
