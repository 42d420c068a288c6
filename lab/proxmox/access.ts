import { forbidden } from './failure.ts'
import { builtInRoles } from './privileges.ts'

/** Who is asking: a user, or one of the user's tokens. */
export interface Identity {
  readonly user: string
  readonly token: string | undefined
}

export const fullName = (who: Identity): string => (who.token === undefined ? who.user : `${who.user}!${who.token}`)

export interface User {
  readonly id: string
  comment: string | undefined
  password: string | undefined
  enabled: boolean
  /** Epoch seconds; 0 is never. */
  expire: number
  /** E-mail address and names, as they were given. */
  readonly about: Map<string, string>
  readonly groups: Set<string>
  readonly tokens: Map<string, Token>
}

export const newUser = (id: string, password?: string, comment?: string): User => ({
  id,
  comment,
  password,
  enabled: true,
  expire: 0,
  about: new Map(),
  groups: new Set(),
  tokens: new Map(),
})

export interface Token {
  secret: string
  separated: boolean
  comment: string | undefined
  /** Epoch seconds; 0 is never. */
  expire: number
}

export interface Pool {
  readonly id: string
  comment: string | undefined
  readonly vms: Set<number>
  readonly storages: Set<string>
}

export const newPool = (id: string, comment?: string): Pool => ({ id, comment, vms: new Set(), storages: new Set() })

/** Role → propagates. */
type Grants = Map<string, boolean>
/** Privilege → propagates. */
export type Privileges = Map<string, boolean>

const DEFAULT_PATHS = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms']

/**
 * Users, tokens, roles, access lists and pools, and what follows from them. Two rules carry surprises: a grant on a
 * deeper path *replaces* what comes from above for that user, and rights on a pool reach `/vms/N` only while N is a
 * member, in addition to what else is granted there.
 */
export class AccessControl {
  readonly users = new Map<string, User>()
  readonly roles = new Map<string, Set<string>>()
  readonly pools = new Map<string, Pool>()
  /** Group → comment. */
  readonly groups = new Map<string, string>()
  readonly allPrivileges: readonly string[]
  /** Path → user or full token name → grants. */
  readonly #grants = new Map<string, Map<string, Grants>>()

  constructor(rootPassword: string | undefined, allPrivileges: readonly string[]) {
    this.allPrivileges = allPrivileges
    this.users.set('root@pam', newUser('root@pam', rootPassword))
    for (const [role, privileges] of builtInRoles(allPrivileges)) this.roles.set(role, new Set(privileges))
  }

  grant(path: string, role: string, name: string, propagate: boolean): void {
    const atPath = this.#grants.get(path) ?? new Map<string, Grants>()
    const grants = atPath.get(name) ?? new Map<string, boolean>()
    this.#grants.set(path, atPath.set(name, grants.set(role, propagate)))
  }

  revoke(path: string, role: string, name: string): void {
    this.#grants.get(path)?.get(name)?.delete(role)
  }

  /** Somebody is gone, and all that was granted. */
  forget(name: string): void {
    for (const byName of this.#grants.values())
      for (const each of byName.keys()) if (each === name || each.startsWith(`${name}!`)) byName.delete(each)
  }

  /** Every grant, as `GET /access/acl` lists it. */
  entries(): { path: string; type: string; ugid: string; roleid: string; propagate: number }[] {
    return [...this.#grants].flatMap(([path, byName]) =>
      [...byName].flatMap(([ugid, grants]) =>
        [...grants].map(([roleid, propagate]) => ({
          path,
          type: ugid.startsWith('@') ? 'group' : ugid.includes('!') ? 'token' : 'user',
          ugid: ugid.replace(/^@/, ''),
          roleid,
          propagate: propagate ? 1 : 0,
        })),
      ),
    )
  }

  /** What `who` may do on the path. A token without separation may what its user may, else what both may. */
  privileges(who: Identity, path: string): Privileges {
    const ofUser = this.#privilegesOf(who.user, path)
    if (who.token === undefined || !this.users.get(who.user)?.tokens.get(who.token)?.separated) return ofUser
    const ofToken = this.#privilegesOf(fullName(who), path)
    return new Map(
      [...ofToken]
        .filter(([privilege]) => ofUser.has(privilege))
        .map(([privilege, propagate]) => [privilege, propagate && ofUser.get(privilege) === true]),
    )
  }

  /** The paths of `GET /access/permissions`: the usual ones, every one named in a grant, every pool member. */
  paths(): string[] {
    const paths = new Set(DEFAULT_PATHS)
    for (const path of this.#grants.keys()) for (const part of prefixesOf(path)) paths.add(part)
    for (const pool of this.pools.values()) for (const vmid of pool.vms) paths.add(`/vms/${vmid}`)
    return [...paths]
  }

  may(who: Identity, path: string, privilege: string): boolean {
    return this.privileges(who, path).has(privilege)
  }

  mayAny(who: Identity, path: string, privileges: readonly string[]): boolean {
    const held = this.privileges(who, path)
    return privileges.some((privilege) => held.has(privilege))
  }

  check(who: Identity, path: string, privilege: string): void {
    if (!this.may(who, path, privilege)) throw forbidden(`${path}, ${privilege}`)
  }

  checkAny(who: Identity, path: string, privileges: readonly string[]): void {
    if (!this.mayAny(who, path, privileges)) throw forbidden(`${path}, ${privileges.join('|')}`)
  }

  /** While a guest is being made its rights come from the pool that it is made in. */
  checkVm(who: Identity, vmid: number, pool: string | undefined, privileges: readonly string[]): void {
    if (pool !== undefined && this.mayAny(who, `/pool/${pool}`, privileges)) return
    this.checkAny(who, `/vms/${vmid}`, privileges)
  }

  poolOf(vmid: number): string | undefined {
    return [...this.pools.values()].find((pool) => pool.vms.has(vmid))?.id
  }

  #privilegesOf(name: string, path: string): Privileges {
    if (name === 'root@pam') return new Map(this.allPrivileges.map((privilege) => [privilege, true]))
    const roles = this.#rolesOn(name, path)
    const member = /^\/vms\/(\d+)$/.exec(path)
    if (member && !roles.has('NoAccess')) {
      for (const pool of this.pools.values()) {
        if (!pool.vms.has(Number(member[1]))) continue
        for (const role of this.#rolesOn(name, `/pool/${pool.id}`).keys()) roles.set(role, false)
      }
    }
    const privileges: Privileges = new Map()
    if (roles.has('NoAccess')) return privileges
    for (const [role, propagate] of roles) {
      for (const privilege of this.roles.get(role) ?? [])
        privileges.set(privilege, propagate || privileges.get(privilege) === true)
    }
    return privileges
  }

  #rolesOn(name: string, path: string): Grants {
    let roles: Grants = new Map()
    for (const prefix of prefixesOf(path)) {
      const effective = this.#grantsAt(prefix, name).filter(([, propagate]) => propagate || prefix === path)
      if (effective.length > 0) roles = new Map(effective)
    }
    return roles
  }

  /** What was granted to somebody by name counts more than what the groups have. */
  #grantsAt(path: string, name: string): [string, boolean][] {
    const atPath = this.#grants.get(path)
    const own = [...(atPath?.get(name) ?? [])]
    if (own.length > 0 || !atPath) return own
    return [...(this.users.get(name)?.groups ?? [])].flatMap((group) => [...(atPath.get(`@${group}`) ?? [])])
  }
}

/** `/a/b` → `/`, `/a`, `/a/b`. */
function prefixesOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)]
}
