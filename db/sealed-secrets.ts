import { and, eq, max } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from './open.ts'
import { sealedSecrets } from './schema.ts'

/** Secrets bundles as age ciphertext, insert-only: what was sealed once is never overwritten. */
export interface SealedSecrets {
  readonly clusterUid: string
  readonly version: number
  /** age, armoured. */
  readonly ciphertext: string
  /** The age recipients it was sealed to. */
  readonly recipients: readonly string[]
  readonly createdAt: number
}

const Recipients = z.array(z.string().max(128)).max(16)

/** `exists` when there is a bundle of that version already, whatever is in it: the first one counts. */
export async function insertSealedSecrets(db: Db, sealed: SealedSecrets): Promise<'inserted' | 'exists'> {
  const inserted = await db
    .insert(sealedSecrets)
    .values({ ...sealed, recipients: [...sealed.recipients] })
    .onConflictDoNothing()
    .returning({ version: sealedSecrets.version })
  return inserted.length > 0 ? 'inserted' : 'exists'
}

export async function findSealedSecrets(
  db: Db,
  clusterUid: string,
  version: number,
): Promise<SealedSecrets | undefined> {
  const [row] = await db
    .select()
    .from(sealedSecrets)
    .where(and(eq(sealedSecrets.clusterUid, clusterUid), eq(sealedSecrets.version, version)))
  return row && { ...row, recipients: z.parse(Recipients, row.recipients) }
}

/** Newest version, 0 when there is none. */
export async function sealedSecretsVersion(db: Db, clusterUid: string): Promise<number> {
  const [row] = await db
    .select({ version: max(sealedSecrets.version).as('version') })
    .from(sealedSecrets)
    .where(eq(sealedSecrets.clusterUid, clusterUid))
  return row?.version ?? 0
}
