import { hold, type Rule } from '../rule.ts'
import type { ClusterView } from '../view.ts'

/**
 *   P8  A locked machine or cluster is not touched.
 *
 * A person's `maintenance` lock stops every new operation; the cluster's own `lifecycle` lock does not, because it is
 * what the plan itself works under.
 */
export const locks: Rule = ({ view }) =>
  maintenanceLocks(view).map((lock) =>
    hold('locked', view.cluster.metadata.name, { lock: lock.name, holder: lock.holder, reason: lock.reason }),
  )

export const maintenanceLocks = (view: Pick<ClusterView, 'locks' | 'now'>) =>
  view.locks.filter(
    (lock) => lock.name === 'maintenance' && (lock.expiresAt === undefined || lock.expiresAt > view.now),
  )
