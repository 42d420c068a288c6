import { textOf } from '../talos/config/shape.ts'
import { at, conditionOf, nodeNameOf, phaseOf, record, records } from './fields.ts'
import type { KubeObject, ObjectDraft } from './objects.ts'

/**
 * Which node a pod goes to: one that is ready, is not tainted against it, has its labels and has room for what it asks;
 * of those the one with the fewest pods. Pure.
 */
export function chooseNode(
  pod: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): string | undefined {
  const wanted = requestsOf(pod)
  return nodes
    .filter((node) => conditionOf(node, 'Ready') === 'True' && tolerates(pod, node) && hasLabels(pod, node))
    .map((node) => ({ node, on: pods.filter((one) => nodeNameOf(one) === node.metadata.name && isAlive(one)) }))
    .filter(({ node, on }) => fits(wanted, node, on))
    .toSorted((a, b) => a.on.length - b.on.length || (a.node.metadata.name < b.node.metadata.name ? -1 : 1))[0]?.node
    .metadata.name
}

const isAlive = (pod: KubeObject): boolean => !['Succeeded', 'Failed'].includes(phaseOf(pod))
const hasLabels = (pod: KubeObject, node: KubeObject): boolean =>
  Object.entries(record(at(pod, 'spec', 'nodeSelector'))).every(([key, value]) => node.metadata.labels?.[key] === value)

/** Every taint that keeps pods off is tolerated. */
export function tolerates(pod: ObjectDraft, node: KubeObject): boolean {
  const tolerations = records(at(pod, 'spec', 'tolerations'))
  return records(at(node, 'spec', 'taints'))
    .filter((taint) => taint['effect'] !== 'PreferNoSchedule')
    .every((taint) =>
      tolerations.some(
        (one) =>
          (one['key'] === undefined ? one['operator'] === 'Exists' : one['key'] === taint['key']) &&
          (one['effect'] === undefined || one['effect'] === '' || one['effect'] === taint['effect']) &&
          (one['operator'] === 'Exists' || textOf(one['value']) === textOf(taint['value'])),
      ),
    )
}

interface Requests {
  readonly milliCpu: number
  readonly bytes: number
}
function fits(wanted: Requests, node: KubeObject, on: readonly KubeObject[]): boolean {
  const room = at(node, 'status', 'allocatable')
  if (on.length >= Number(at(room, 'pods') ?? 110)) return false
  const used = on.map(requestsOf)
  const sum = (key: keyof Requests): number => used.reduce((total, one) => total + one[key], wanted[key])
  return sum('milliCpu') <= toMilliCpu(at(room, 'cpu')) && sum('bytes') <= toBytes(at(room, 'memory'))
}

function requestsOf(pod: KubeObject): Requests {
  const requests = records(at(pod, 'spec', 'containers')).map((one) => at(one, 'resources', 'requests'))
  return {
    milliCpu: requests.reduce<number>((total, one) => total + toMilliCpu(at(one, 'cpu') ?? 0), 0),
    bytes: requests.reduce<number>((total, one) => total + toBytes(at(one, 'memory') ?? 0), 0),
  }
}

/** `250m`, `2`, `0.5`. */
const toMilliCpu = (quantity: unknown): number => {
  const text = String(quantity)
  return text.endsWith('m') ? Number.parseFloat(text) : Number.parseFloat(text) * 1_000
}
const UNITS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
}
/** `512Mi`, `1G`, `1048576`. */
const toBytes = (quantity: unknown): number => {
  const [, count = '0', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? []
  return Number.parseFloat(count) * (UNITS[unit] ?? 1)
}
