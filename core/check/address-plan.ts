import { parseIpv4, parseIpv4Cidr, parseIpv4Range, rangeContains, type Ipv4Cidr, type Ipv4Range } from '../base/ipv4.ts'
import { invariant } from '../base/invariant.ts'
import type { Result } from '../base/result.ts'
import type { Document, NetworkDocument } from '../model/document.ts'
import type { Documents } from './documents.ts'
import { finding, type Finding } from './finding.ts'

/** A network by itself and beside the others of its site: its gateway and ranges lie in it, and nothing lies twice. */
export function checkAddressPlan(document: Document, documents: Documents): readonly Finding[] {
  if (document.kind !== 'Network') return []
  return [...checkGateway(document), ...checkRanges(document), ...checkOverlaps(document, documents)]
}

function checkGateway({ spec: { cidr, gateway } }: NetworkDocument): readonly Finding[] {
  if (gateway === undefined) return []
  const range = parsed(parseIpv4Cidr(cidr))
  const value = parsed(parseIpv4(gateway))
  return rangeContains(range, value) && !isEdge(range, value)
    ? []
    : [finding(['spec', 'gateway'], `${gateway} is not a host address in ${cidr}`)]
}

interface NamedRange extends Ipv4Range {
  readonly list: 'reserved' | 'pools'
  readonly key: string
  readonly text: string
}

/** What is reserved may be reserved twice; a pool is one thing, or its addresses would be given twice. */
function checkRanges({ spec }: NetworkDocument): readonly Finding[] {
  const cidr = parsed(parseIpv4Cidr(spec.cidr))
  const ranges = (['reserved', 'pools'] as const).flatMap((list) =>
    Object.entries(spec[list] ?? {}).map(([key, text]): NamedRange => ({
      list,
      key,
      text,
      ...parsed(parseIpv4Range(text)),
    })),
  )
  return ranges.flatMap((range, index) => {
    const path = ['spec', range.list, range.key]
    if (!rangeContains(cidr, range.first) || !rangeContains(cidr, range.last))
      return [finding(path, `${range.text} is not in ${spec.cidr}`)]
    if (range.list === 'reserved') return []
    return ranges
      .slice(0, index)
      .filter((other) => range.first <= other.last && other.first <= range.last)
      .map((other) => finding(path, `${range.text} overlaps with ${other.text} of "${other.key}" in ${other.list}`))
  })
}

/** Networks of one bridge and VLAN share a wire; of different ones they are still one plan to the routers of a site. */
function checkOverlaps({ metadata, spec }: NetworkDocument, documents: Documents): readonly Finding[] {
  const range = parsed(parseIpv4Cidr(spec.cidr))
  return documents.networks.flatMap((other) => {
    if (other.metadata.name === metadata.name || other.spec.site !== spec.site) return []
    const { first, last } = parsed(parseIpv4Cidr(other.spec.cidr))
    return range.first <= last && first <= range.last
      ? [finding(['spec', 'cidr'], `${spec.cidr} overlaps with ${other.spec.cidr} of "${other.metadata.name}"`)]
      : []
  })
}

export const isEdge = (range: Ipv4Cidr, value: number): boolean => value === range.first || value === range.last

/** The schemas of the documents have parsed every one of these texts before. */
export function parsed<T>(result: Result<T, string>): T {
  invariant(result.ok, 'an address text passed its schema')
  return result.value
}
