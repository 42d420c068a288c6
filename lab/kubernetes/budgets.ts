import { textOf } from '../talos/config/shape.ts'
import { at, conditionOf, controllerOf, isLeaving, matchesSelector, numberAt, phaseOf } from './fields.ts'
import type { KubeObject, ObjectDraft, ObjectStore } from './objects.ts'

/** How many pods of a PodDisruptionBudget may be away, and are. */
export interface Budget {
  readonly name: string
  readonly expectedPods: number
  readonly desiredHealthy: number
  readonly currentHealthy: number
  readonly disruptionsAllowed: number
}

const PDB = 'poddisruptionbudgets'
const isHealthy = (pod: KubeObject): boolean => conditionOf(pod, 'Ready') === 'True' && !isLeaving(pod)

/** The budgets whose selector covers the pod; an eviction can honour only one. */
export const budgetsOver = (store: ObjectStore, pod: KubeObject): readonly KubeObject[] =>
  store
    .list(PDB, pod.metadata.namespace)
    .filter((budget) => matchesSelector(at(budget, 'spec', 'selector'), pod.metadata.labels))

/**
 * The disruption controller's arithmetic: percentages are of what the pods' controllers want, rounded up; a whole
 * `minAvailable` counts only the pods there are.
 */
export function budgetOf(store: ObjectStore, pdb: KubeObject): Budget {
  const { name, namespace } = pdb.metadata
  const pods = store
    .list('pods', namespace)
    .filter((pod) => matchesSelector(at(pdb, 'spec', 'selector'), pod.metadata.labels))
    .filter((pod) => !['Succeeded', 'Failed'].includes(phaseOf(pod)))
  const [minAvailable, maxUnavailable] = [at(pdb, 'spec', 'minAvailable'), at(pdb, 'spec', 'maxUnavailable')]
  const expectedPods = typeof minAvailable === 'number' ? pods.length : wantedBy(store, pods)
  const desiredHealthy =
    minAvailable !== undefined
      ? share(minAvailable, expectedPods)
      : Math.max(0, expectedPods - share(maxUnavailable ?? 1, expectedPods))
  const currentHealthy = pods.filter(isHealthy).length
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0
  return { name, expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed }
}

/** `25%` or a number. */
const share = (wish: unknown, of: number): number =>
  typeof wish === 'number' ? wish : Math.ceil((Number.parseFloat(String(wish)) / 100) * of)

function wantedBy(store: ObjectStore, pods: readonly KubeObject[]): number {
  const owners = new Map(pods.map((pod) => [textOf(controllerOf(pod)?.['uid'] ?? pod.metadata.uid), pod]))
  return [...owners].reduce((total, [uid]) => {
    const set = store.list('replicasets').find((one) => one.metadata.uid === uid)
    return total + (set ? numberAt(at(set, 'spec', 'replicas'), 1) : 1)
  }, 0)
}

/** Why the pod may not be evicted now, in the API's words; undefined when it may. */
export function refusalBy(store: ObjectStore, pdb: KubeObject, pod: KubeObject): string | undefined {
  const { name, desiredHealthy, currentHealthy, disruptionsAllowed } = budgetOf(store, pdb)
  if (!isHealthy(pod)) {
    // A pod that serves nobody may go if the others suffice, or whenever the budget says so.
    if (at(pdb, 'spec', 'unhealthyPodEvictionPolicy') === 'AlwaysAllow') return undefined
    if (desiredHealthy > 0 && currentHealthy >= desiredHealthy) return undefined
  }
  if (disruptionsAllowed > 0) return undefined
  return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`
}

export function withStatus(store: ObjectStore, pdb: KubeObject): ObjectDraft {
  const { name: _, ...counts } = budgetOf(store, pdb)
  const generation = numberAt(pdb.metadata.generation, 1)
  return { ...pdb, status: { ...counts, observedGeneration: generation } }
}
