import { textOf } from '../talos/config/shape.ts'
import { record, records } from './fields.ts'
import type { NodeFacts, Taint } from './node-object.ts'

/** What people patched of a node, on top of what its kubelet says. */
export interface NodeChanges {
  /** Null takes a key of the kubelet's away. */
  readonly labels: Readonly<Record<string, string | null>>
  readonly annotations: Readonly<Record<string, string | null>>
  /** The whole list, once somebody changed it. */
  readonly taints: readonly Taint[] | undefined
}

export const NO_CHANGES: NodeChanges = { labels: {}, annotations: {}, taints: undefined }

/** Taints that the node controller puts on and takes off by itself. */
const SYSTEM_TAINT = /^node\.kubernetes\.io\//

export function changedBy(changes: NodeChanges, patch: Record<string, unknown>): NodeChanges {
  const metadata = record(patch['metadata'])
  const spec = record(patch['spec'])
  return {
    labels: { ...changes.labels, ...texts(metadata['labels']) },
    annotations: { ...changes.annotations, ...texts(metadata['annotations']) },
    taints: 'taints' in spec ? records(spec['taints']).map(toTaint).filter(isPeoples) : changes.taints,
  }
}

export const withChanges = (facts: NodeFacts, changes: NodeChanges): NodeFacts => ({
  ...facts,
  labels: merged(facts.labels, changes.labels),
  annotations: merged(facts.annotations, changes.annotations),
  taints: changes.taints ?? facts.taints,
})

const isPeoples = ({ key }: Taint): boolean => !SYSTEM_TAINT.test(key)
const toTaint = (one: Record<string, unknown>): Taint => ({
  key: textOf(one['key']),
  ...(one['value'] === undefined ? {} : { value: textOf(one['value']) }),
  effect: textOf(one['effect']),
})
const texts = (value: unknown): Record<string, string | null> =>
  Object.fromEntries(Object.entries(record(value)).map(([key, text]) => [key, text === null ? null : textOf(text)]))

function merged(
  own: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const all = Object.entries({ ...own, ...changes })
  return Object.fromEntries(all.flatMap(([key, text]) => (text === null ? [] : [[key, text]])))
}
