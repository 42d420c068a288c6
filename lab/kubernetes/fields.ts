import { isRecord, textOf } from '../talos/config/shape.ts'
import type { KubeObject } from './objects.ts'

/** Reading what people wrote: any part of an object may be missing or of another kind than it should be. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let current = value
  for (const key of keys) current = isRecord(current) ? current[key] : undefined
  return current
}
export const records = (value: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : []
export const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {})
export const numberAt = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise)

export const nodeNameOf = (pod: KubeObject): string | undefined => {
  const name = at(pod, 'spec', 'nodeName')
  return typeof name === 'string' && name !== '' ? name : undefined
}
export const phaseOf = (pod: KubeObject): string => textOf(at(pod, 'status', 'phase'))
export const isLeaving = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined
export const conditionOf = (object: KubeObject, type: string): unknown =>
  records(at(object, 'status', 'conditions')).find((one) => one['type'] === type)?.['status']

/** `matchLabels` and `matchExpressions`; one that says nothing matches everything, one that is not there nothing. */
export function matchesSelector(selector: unknown, labels: Readonly<Record<string, string>> = {}): boolean {
  if (!isRecord(selector)) return false
  const equal = Object.entries(record(selector['matchLabels'])).every(([key, value]) => labels[key] === value)
  return equal && records(selector['matchExpressions']).every((one) => holds(one, labels))
}

function holds(expression: Record<string, unknown>, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[textOf(expression['key'])]
  const values: readonly unknown[] = Array.isArray(expression['values']) ? expression['values'] : []
  switch (expression['operator']) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    default:
      return value === undefined
  }
}

/** The controller among the owners, by whose uid its children are found. */
export const controllerOf = (object: KubeObject): Record<string, unknown> | undefined =>
  records(object.metadata.ownerReferences).find((owner) => owner['controller'] === true)
