/** Locks of a cluster. `fence` grows with each grant; whoever carries an older one is refused. */
export const LOCK_NAMES = ['lifecycle', 'upgrade', 'rotation', 'maintenance'] as const
export type LockName = (typeof LOCK_NAMES)[number]

export interface Lock {
  readonly name: LockName
  readonly holder: string
  readonly reason: string
  readonly since: number
  readonly expiresAt?: number | undefined
  readonly fence: number
}
