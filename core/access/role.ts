import { z } from 'zod'

/** What one may do: look; want something else; decide who may. Each includes those before it. */
export const ROLES = ['reader', 'operator', 'admin'] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

export const includes = (held: Role | undefined, needed: Role): boolean =>
  held !== undefined && ROLES.indexOf(held) >= ROLES.indexOf(needed)

export const lesser = (a: Role, b: Role): Role => (includes(a, b) ? b : a)
