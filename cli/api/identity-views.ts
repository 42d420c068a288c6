import { z } from 'zod'
import { FactsSchema } from '#core/model/problem-schema.ts'

/** What the CLI reads of the answers about people, tokens, the policy and the audit. */
export const ScopeView = z.union([
  z.literal('everything'),
  z.object({ site: z.string() }),
  z.object({ cluster: z.string() }),
])
export const GrantView = z.object({ role: z.string(), on: ScopeView })
export type GrantView = z.infer<typeof GrantView>

export const WhoamiView = z.object({
  kind: z.string(),
  name: z.string(),
  names: z.array(z.string()),
  groups: z.array(z.string()),
  grants: z.array(GrantView),
  credential: z.object({
    kind: z.string(),
    id: z.string().optional(),
    expiresAt: z.string().optional(),
    limit: GrantView.optional(),
  }),
})

export const TokenView = z.object({
  id: z.string(),
  name: z.string(),
  limit: z.union([GrantView, z.literal('gone')]).optional(),
  createdAt: z.string(),
  expiresAt: z.string(),
  lastUsedAt: z.string().optional(),
  revokedAt: z.string().optional(),
})
export type TokenView = z.infer<typeof TokenView>
export const TokensView = z.object({ items: z.array(TokenView) })
export const MintedView = z.object({ id: z.string(), token: z.string(), expiresAt: z.string() })

export const ServiceAccountView = z.object({ name: z.string(), uid: z.string(), createdAt: z.string() })
export type ServiceAccountView = z.infer<typeof ServiceAccountView>

export const UserView = z.object({
  uid: z.string(),
  name: z.string(),
  issuer: z.string(),
  subject: z.string(),
  groups: z.array(z.string()),
  lastLoginAt: z.string(),
  disabledAt: z.string().optional(),
})
export type UserView = z.infer<typeof UserView>

const SubjectView = z.union([
  z.object({ user: z.string() }),
  z.object({ group: z.string() }),
  z.object({ serviceAccount: z.string() }),
])
export const BindingView = z.object({ ...GrantView.shape, to: SubjectView })
export type BindingView = z.infer<typeof BindingView>
/** `tests` pass through as they are: the API judges them. */
export const PolicyView = z.object({
  bindings: z.array(BindingView),
  tests: z.array(z.unknown()),
  generation: z.number(),
})

export const AuditView = z.object({
  id: z.number(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  kind: z.string(),
  name: z.string(),
  requestId: z.string(),
  outcome: z.string(),
  source: z.string().optional(),
  facts: FactsSchema,
})
export type AuditView = z.infer<typeof AuditView>
export const AuditPageView = z.object({ items: z.array(AuditView), nextCursor: z.string().optional() })
