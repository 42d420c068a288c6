import type { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { err, ok, type Result } from '#core/base/result.ts'
import { createToken } from '#db/credentials.ts'
import { findDocument } from '#db/documents.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import type { MintedAnswer, TokenInput } from '../answers/token.ts'
import type { ApiEnv } from '../env.ts'
import { refusal, type Refusal } from '../http.ts'
import { mintCredential } from './mint.ts'

const DAY_MS = 24 * 3_600_000

/** An API token for somebody. Refusals: reference-missing, when it is to be bound to nothing · too-many-credentials. */
export async function issueToken(
  c: Context<ApiEnv>,
  owner: { readonly kind: 'user' | 'service-account'; readonly uid: string; readonly name: string },
  asked: z.infer<typeof TokenInput>,
): Promise<Result<z.infer<typeof MintedAnswer>, Refusal>> {
  const { db, now } = c.var
  const limit = asked.limit && (await toLimit(c, asked.limit))
  if (limit === 'missing') return err(refusal('reference-missing', { field: 'limit.on' }))
  const { token, hash, id } = await mintCredential('token', now)
  const expiresAt = now + asked.expiresInDays * DAY_MS
  const { name } = asked
  const row = {
    hash,
    id,
    kind: 'token',
    name,
    principalKind: owner.kind,
    principalUid: owner.uid,
    limit,
    expiresAt,
  } as const
  const made = await createToken(db, row, actorOf(c), {
    action: 'token.created',
    kind: owner.kind === 'user' ? 'User' : 'ServiceAccount',
    name: owner.name,
    uid: owner.uid,
    facts: { tokenId: id, tokenName: name, expiresAt },
  })
  return made ? ok({ id, token, expiresAt: iso(expiresAt) }) : err(refusal('too-many-credentials'))
}

async function toLimit(c: Context<ApiEnv>, { role, on }: NonNullable<z.infer<typeof TokenInput>['limit']>) {
  if (on === 'everything') return { role, scopeKind: 'everything', scopeUid: '' }
  const [kind, name] = 'site' in on ? (['Site', on.site] as const) : (['Cluster', on.cluster] as const)
  const stored = await findDocument(c.var.db, kind, name)
  return stored ? { role, scopeKind: kind.toLowerCase(), scopeUid: stored.uid } : 'missing'
}
