import type { Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'

/** Who somebody is, proven to this agent itself by what was pinned at its enrolment. */
export interface ProvenIdentity {
  readonly issuer: string
  readonly subject: string
  readonly groups: readonly string[]
  /** A person of the pinned issuer, or the holder of the owner's key. */
  readonly kind: 'person' | 'owner'
}

export type VerifyIdentity = (assertion: string) => Promise<Result<ProvenIdentity, Problem>>
