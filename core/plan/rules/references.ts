import { missingReferences } from '../documents.ts'
import { hold, type Verdict } from '../rule.ts'
import type { ClusterView } from '../view.ts'

/** A document the cluster refers to is gone: nothing is planned until it is back. It runs before there is a situation. */
export const references = (view: ClusterView): readonly Verdict[] =>
  missingReferences(view).map((missing) => hold('reference-missing', view.cluster.metadata.name, { missing }))
