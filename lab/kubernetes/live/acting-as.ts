import type { ObjectStore } from '../objects.ts'
import { allows, type User } from '../rbac.ts'

/** Whom a request is judged as: the caller, or whom the caller may impersonate. Undefined when they may not. */
export function actingAs(store: ObjectStore, caller: User, impersonate: User | undefined): User | undefined {
  if (!impersonate) return caller
  const may = (resource: string, name: string): boolean =>
    allows(store, caller, { verb: 'impersonate', group: '', resource, name })
  const groups = impersonate.groups.filter((group) => group !== 'system:authenticated')
  return may('users', impersonate.name) && groups.every((group) => may('groups', group)) ? impersonate : undefined
}
