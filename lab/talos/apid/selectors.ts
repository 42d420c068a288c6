import { Code, ConnectError } from '@connectrpc/connect'
import { LabelTerm_Operation as Operation, type IDQuery, type LabelQuery, type LabelTerm } from '../proto/cosi_pb.js'
import type { CosiResource } from '../resource-table.ts'

/** Which resources a caller selects: any of the label queries, each all its terms, and the pattern for the id. */
export function selectorOf(
  options: { readonly labelQuery: LabelQuery[]; readonly idQuery?: IDQuery | undefined } | undefined,
): (resource: CosiResource) => boolean {
  const queries = options?.labelQuery ?? []
  const pattern = patternOf(options?.idQuery?.regexp ?? '')
  return (resource) =>
    (pattern === undefined || pattern.test(resource.id)) &&
    (queries.length === 0 || queries.some(({ terms }) => terms.every((term) => holds(term, resource.labels))))
}

function patternOf(source: string): RegExp | undefined {
  if (source === '') return undefined
  try {
    return new RegExp(source)
  } catch (error) {
    throw new ConnectError(`failed to compile regexp "${source}": ${String(error)}`, Code.InvalidArgument)
  }
}

function holds(term: LabelTerm, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, term.key) ? labels[term.key] : undefined
  return compare(term, value) !== term.invert
}

function compare(term: LabelTerm, value: string | undefined): boolean {
  const [wanted = ''] = term.value
  switch (term.op) {
    case Operation.EXISTS:
      return value !== undefined
    case Operation.NOT_EXISTS:
      return value === undefined
    case Operation.EQUAL:
      return value === wanted
    case Operation.IN:
      return value !== undefined && term.value.includes(value)
    case Operation.LT:
      return value !== undefined && value < wanted
    case Operation.LTE:
      return value !== undefined && value <= wanted
    case Operation.LT_NUMERIC:
      return value !== undefined && Number(value) < Number(wanted)
    case Operation.LTE_NUMERIC:
      return value !== undefined && Number(value) <= Number(wanted)
  }
}
