import { eq } from 'drizzle-orm'
import type { Binding } from '#core/access/policy.ts'
import { auditStatement, type Actor } from './audit.ts'
import { credentialStatement, type NewCredential } from './credentials.ts'
import type { Db } from './open.ts'
import { bindingsStatement, policyStatement, readPolicy, readPolicyWorld } from './policy.ts'
import { marks, serviceAccounts } from './schema.ts'
import type { ServiceAccount } from './service-accounts.ts'
import { userStatement, type User } from './users.ts'

/**
 * The first admin, made with the bootstrap token. That token is good for nothing afterwards; another one, set by who
 * holds the Cloudflare account, would be good again: that is the way back in.
 */
export type FirstAdmin =
  | { readonly type: 'user'; readonly user: Pick<User, 'uid' | 'issuer' | 'subject' | 'email' | 'groups'> }
  | { readonly type: 'service-account'; readonly account: ServiceAccount }

const keyOf = (tokenHash: string): string => `bootstrap-ended:${tokenHash}`

export async function bootstrapHasEnded(db: Db, tokenHash: string): Promise<boolean> {
  const [row] = await db
    .select()
    .from(marks)
    .where(eq(marks.key, keyOf(tokenHash)))
  return row !== undefined
}

/** All in one batch: the principal, the right, the credential, the end of the token, the audit. False: already ended. */
export async function makeFirstAdmin(
  db: Db,
  tokenHash: string,
  admin: FirstAdmin,
  credential: NewCredential,
  actor: Actor,
): Promise<boolean> {
  if (await bootstrapHasEnded(db, tokenHash)) return false
  const { generation, tests } = await readPolicy(db)
  const world = await readPolicyWorld(db)
  const binding: Binding = { role: 'admin', on: 'everything', to: subjectOf(admin) }
  const known =
    admin.type === 'user' ? world : { ...world, serviceAccountUids: new Map([[admin.account.name, admin.account.uid]]) }
  const principal =
    admin.type === 'user'
      ? userStatement(db, admin.user, actor.at)
      : db.insert(serviceAccounts).values(admin.account).onConflictDoNothing()
  const facts = { to: sayAdmin(admin) }
  await db.batch([
    // The primary key lets only one of two racing exchanges through.
    db.insert(marks).values({ key: keyOf(tokenHash), at: actor.at }),
    principal,
    bindingsStatement(db, [binding], known),
    policyStatement(db, generation + 1, tests, actor.at),
    credentialStatement(db, credential, actor.at),
    auditStatement(db, actor, [
      {
        action: 'bootstrap.exchanged',
        kind: 'Policy',
        name: 'policy',
        uid: 'policy',
        generation: generation + 1,
        facts,
      },
    ]),
  ])
  return true
}

const subjectOf = (admin: FirstAdmin): Binding['to'] =>
  admin.type === 'user'
    ? { user: `${admin.user.issuer}#${admin.user.subject}` }
    : { serviceAccount: admin.account.name }

const sayAdmin = (admin: FirstAdmin): string =>
  admin.type === 'user' ? `${admin.user.issuer}#${admin.user.subject}` : `service-account:${admin.account.name}`
