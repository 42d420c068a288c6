import { z } from '@hono/zod-openapi'
import { Name, Uid } from '#core/model/ids.ts'
import { Scope, type Grant } from '#core/access/grant.ts'
import { Role } from '#core/access/role.ts'
import type { CredentialRow } from '#db/credentials.ts'
import { iso } from './document.ts'

/** An API token as it is asked for, shown once, and listed. */
const MAX_DAYS = 365
const DEFAULT_DAYS = 90

export const TokenInput = z
  .strictObject({
    name: Name,
    expiresInDays: z.number().int().min(1).max(MAX_DAYS).default(DEFAULT_DAYS),
    limit: z
      .strictObject({ role: Role, on: Scope })
      .optional()
      .openapi({ description: 'what the token is good for at most; without it, for all that its owner may' }),
  })
  .openapi('NewToken')

export const TokenAnswer = z
  .object({
    id: Uid,
    name: z.string(),
    limit: z.union([z.object({ role: Role, on: Scope }), z.literal('gone')]).optional(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().optional().openapi({ description: 'to a quarter of an hour' }),
    revokedAt: z.iso.datetime().optional(),
  })
  .openapi('Token')

export const MintedAnswer = z
  .object({ id: Uid, token: z.string().openapi({ description: 'shown once' }), expiresAt: z.iso.datetime() })
  .openapi('MintedToken')

export const toTokenAnswer = (row: CredentialRow): z.infer<typeof TokenAnswer> => ({
  id: row.id,
  name: row.name,
  ...(row.limit === undefined ? {} : { limit: row.limit as Grant | 'gone' }),
  createdAt: iso(row.createdAt),
  expiresAt: iso(row.expiresAt),
  ...(row.lastUsedAt === undefined ? {} : { lastUsedAt: iso(row.lastUsedAt) }),
  ...(row.revokedAt === undefined ? {} : { revokedAt: iso(row.revokedAt) }),
})
