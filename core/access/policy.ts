import { z } from 'zod'
import { Name } from '../model/ids.ts'
import { Scope, type Grant } from './grant.ts'
import { Role } from './role.ts'

/**
 * Who may do what, as one document: bindings, and the tests that must hold before it is accepted. A person is named by
 * the address their provider has verified, or exactly, as `issuer#subject`.
 */
export const MAX_BINDINGS = 500
export const MAX_TESTS = 200
/** Of a test: more is several tests. */
const MAX_EXPECTED = 50
const MAX_GROUPS = 200

export const UserName = z
  .string()
  .min(3)
  .max(600)
  .regex(/^\S+[@#]\S+$/, 'a user is a mail address, or issuer#subject')
export const GroupName = z.string().min(1).max(256)

export const PolicySubject = z.union([
  z.strictObject({ user: UserName }),
  z.strictObject({ group: GroupName }),
  z.strictObject({ serviceAccount: Name }),
])
export type PolicySubject = z.infer<typeof PolicySubject>

export const Binding = z.strictObject({ role: Role, on: Scope, to: PolicySubject })
export type Binding = z.infer<typeof Binding>

const Expected = z.array(z.strictObject({ role: Role, on: Scope })).max(MAX_EXPECTED)
export const PolicyTest = z.strictObject({
  as: z.strictObject({
    user: UserName.optional(),
    groups: z.array(GroupName).max(MAX_GROUPS).optional(),
    serviceAccount: Name.optional(),
  }),
  may: Expected.optional(),
  mayNot: Expected.optional(),
})
export type PolicyTest = z.infer<typeof PolicyTest>

export const PolicySpec = z.strictObject({
  bindings: z.array(Binding).min(1).max(MAX_BINDINGS),
  tests: z.array(PolicyTest).max(MAX_TESTS).default([]),
})
export type PolicySpec = z.infer<typeof PolicySpec>

/** All names by which somebody may be bound. */
export interface Subject {
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly serviceAccount?: string | undefined
}

export const grantsOf = (subject: Subject, bindings: readonly Binding[]): readonly Grant[] =>
  bindings.filter(({ to }) => names(to, subject)).map(({ role, on }) => ({ role, on }))

function names(to: PolicySubject, { users, groups, serviceAccount }: Subject): boolean {
  if ('user' in to) return users.includes(to.user)
  return 'group' in to ? groups.includes(to.group) : to.serviceAccount === serviceAccount
}
