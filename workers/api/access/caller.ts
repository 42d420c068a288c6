import { roleAt, type Grant, type Place, type Rights } from '#core/access/grant.ts'
import type { Subject } from '#core/access/policy.ts'
import { includes } from '#core/access/role.ts'

/** Who is asking, as the door found out; one for each request. */
export interface Caller extends Rights {
  readonly kind: 'bootstrap' | 'user' | 'service-account'
  /** As people know it. */
  readonly name: string
  /** uid of the user or service account. */
  readonly uid: string | undefined
  /** By which bindings may name it. */
  readonly subject: Subject
  readonly credential: {
    readonly kind: 'bootstrap' | 'token' | 'session' | 'access'
    /** Of a token or a session. */
    readonly id?: string | undefined
    readonly expiresAt?: number | undefined
  }
}

const EVERYTHING: readonly Grant[] = [{ role: 'admin', on: 'everything' }]

export const BOOTSTRAP: Caller = {
  kind: 'bootstrap',
  name: 'bootstrap',
  uid: undefined,
  subject: { users: [], groups: [] },
  grants: EVERYTHING,
  credential: { kind: 'bootstrap' },
}

/** In the audit. */
export const actorName = ({ kind, name }: Caller): string => (kind === 'bootstrap' ? kind : `${kind}:${name}`)

export const may = (caller: Caller, role: 'reader' | 'operator' | 'admin', place: Place): boolean =>
  includes(roleAt(caller, place), role)
