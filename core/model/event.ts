import type { Facts } from './problem.ts'

/** One line of a cluster's story. `seq` grows without gaps; progress lines have no `seq`, because they are not kept. */
export interface ClusterEvent {
  readonly seq?: number | undefined
  readonly at: number
  readonly type: 'phase' | 'machine' | 'operation' | 'hold' | 'finding' | 'progress' | 'settled'
  /** Machine, host or cluster name. */
  readonly subject: string
  readonly text: string
  readonly facts: Facts
}

/** How many transitions a cluster keeps. */
export const MAX_EVENTS = 2_000
export const MAX_FOLLOWERS = 20
