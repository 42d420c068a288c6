import { beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'drizzle-orm'
import { recordAuditSometimes } from '#db/coalesced-audit.ts'
import { listAudit, recordAudit } from '#db/audit.ts'
import { makeFirstAdmin } from '#db/bootstrap.ts'
import { credentialStatement, findCredential, LAST_USE_EVERY_MS, rememberUse } from '#db/credentials.ts'
import { sweep } from '#db/housekeeping.ts'
import type { Db } from '#db/open.ts'
import { readPolicy, readPolicyWorld, writePolicy } from '#db/policy.ts'
import { aUid } from './builders.ts'
import { aDatabase } from './database.ts'

const DAY_MS = 86_400_000
const NOW = 1_000 * DAY_MS
const by = (at: number) => ({ actor: 'user:ann@example.com', requestId: 'r', at })
const KEEP = { auditMs: 365 * DAY_MS, goneClusterMs: 90 * DAY_MS, credentialMs: 30 * DAY_MS }
const entry = { action: 'thing.done', kind: 'Thing', name: 'x', uid: 'u' }
let db: Db
beforeAll(async () => {
  db = await aDatabase()
})

const aCredential = (changes: object = {}) => ({
  hash: aUid(),
  id: aUid(),
  kind: 'token' as const,
  name: 'test',
  principalKind: 'service-account' as const,
  principalUid: aUid(),
  expiresAt: NOW + DAY_MS,
  ...changes,
})
const count = async (table: string) => (await db.all(sql.raw(`select 1 from ${table}`))).length

describe('what can be caused at will', () => {
  test('[A26] leaves one row in its time for each key, also when many race', async () => {
    const once = { key: 'denied:ann', everyMs: 60_000 }
    const before = await count('audit')
    await Promise.all(Array.from({ length: 5 }, () => recordAuditSometimes(db, by(NOW), entry, once)))
    await recordAuditSometimes(db, by(NOW + 59_999), entry, once)
    expect(await count('audit')).toBe(before + 1)
    await recordAuditSometimes(db, by(NOW + 60_000), entry, once)
    await recordAuditSometimes(db, by(NOW + 60_001), entry, { ...once, key: 'denied:bob' })
    expect(await count('audit')).toBe(before + 3)
  })

  test('[A22] the use of a token is written once in its time', async () => {
    const credential = aCredential()
    await credentialStatement(db, credential, NOW)
    for (const later of [0, 1, LAST_USE_EVERY_MS - 1]) await rememberUse(db, credential.id, NOW + later)
    expect((await findCredential(db, credential.hash))?.lastUsedAt).toBe(NOW)
    await rememberUse(db, credential.id, NOW + LAST_USE_EVERY_MS)
    expect((await findCredential(db, credential.hash))?.lastUsedAt).toBe(NOW + LAST_USE_EVERY_MS)
  })
})

describe('the policy', () => {
  const policyOf = (user: string) => ({
    bindings: [{ role: 'admin' as const, on: 'everything' as const, to: { user } }],
    tests: [],
  })

  test('[A2] of two who have read the same one, one writes', async () => {
    const uids = await readPolicyWorld(db)
    const { generation } = await readPolicy(db)
    const writes = await Promise.all(
      ['a@x', 'b@x'].map((user) => writePolicy(db, policyOf(user), { basedOn: generation, uids }, by(NOW))),
    )
    expect(writes.filter(({ ok }) => ok)).toHaveLength(1)
    expect((await readPolicy(db)).generation).toBe(generation + 1)
  })

  test('[A25] of two who exchange one bootstrap token, one becomes admin', async () => {
    const exchange = async (name: string) => {
      const account = { uid: aUid(), name, createdAt: NOW }
      return await makeFirstAdmin(
        db,
        'hash',
        { type: 'service-account', account },
        aCredential({ principalUid: account.uid }),
        by(NOW),
      ).catch(() => 'lost')
    }
    const answers = await Promise.all([exchange('one'), exchange('two')])
    expect(answers.filter((answer) => answer === true)).toHaveLength(1)
    expect(await count('service_accounts')).toBe(1)
    expect(await exchange('three')).toBe(false)
  })
})

describe('housekeeping', () => {
  test('[A27] takes what is too old, and leaves what somebody may still need', async () => {
    await recordAudit(db, by(NOW - 366 * DAY_MS), [{ ...entry, name: 'old' }])
    await recordAudit(db, by(NOW - 364 * DAY_MS), [{ ...entry, name: 'young' }])
    const [gone, kept, revoked] = [
      aCredential({ expiresAt: NOW - 31 * DAY_MS }),
      aCredential({ expiresAt: NOW - 29 * DAY_MS }),
      aCredential(),
    ]
    for (const credential of [gone, kept, revoked]) await credentialStatement(db, credential, NOW)
    await db.run(sql`update credentials set revoked_at = ${NOW - 31 * DAY_MS} where id = ${revoked.id}`)
    await db.run(
      sql`insert into join_tokens (hash, site_uid, created_at, expires_at) values ('old', 's', 1, ${NOW - 31 * DAY_MS}), ('new', 's', 1, ${NOW})`,
    )
    await db.run(sql`insert into marks values ('denied:long-ago', 1), ('bootstrap-ended:long-ago', 1)`)
    await db.run(sql`insert into role_bindings values ('group', 'g', 'reader', 'site', 'no-such-site')`)

    const swept = await sweep(db, NOW, KEEP)
    expect(swept).toMatchObject({ audit: 1, credentials: 2, joinTokens: 1, bindings: 1 })
    const names = (await listAudit(db, { limit: 100 })).map(({ name }) => name)
    expect([names.includes('old'), names.includes('young')]).toEqual([false, true])
    expect([await findCredential(db, gone.hash), await findCredential(db, revoked.hash)]).toEqual([
      undefined,
      undefined,
    ])
    expect(await findCredential(db, kept.hash)).toBeDefined()
    const marks = (await db.all<{ key: string }>(sql`select key from marks`)).map(({ key }) => key)
    expect([marks.includes('denied:long-ago'), marks.includes('bootstrap-ended:long-ago')]).toEqual([false, true])
    expect(await sweep(db, NOW, KEEP)).toEqual({
      audit: 0,
      credentials: 0,
      joinTokens: 0,
      marks: 0,
      bindings: 0,
      clusters: 0,
    })
  })

  test('[A27] takes the rows of clusters that are long gone, with their secrets; not those of forgotten ones', async () => {
    const put = async (name: string, phase: string, at: number, forgottenAt: number | null) => {
      const uid = aUid()
      await db.run(
        sql`insert into documents values (${uid}, 'Cluster', ${name}, '{}', '{}', '{}', 1, 1, 1, 1, ${forgottenAt})`,
      )
      await db.run(sql`insert into statuses values (${uid}, 'Cluster', ${phase}, '{}', 1, ${at})`)
      await db.run(
        sql`insert into sealed_secrets (cluster_uid, version, ciphertext, recipients, created_at) values (${uid}, 1, 'age', '[]', 1)`,
      )
    }
    const long = NOW - 91 * DAY_MS
    await put('long-gone', 'gone', long, null)
    await put('just-gone', 'gone', NOW - DAY_MS, null)
    await put('forgotten', 'gone', long, 1)
    await put('alive', 'ready', long, null)
    expect((await sweep(db, NOW, KEEP)).clusters).toBe(1)
    const left = (await db.all<{ name: string }>(sql`select name from documents`)).map(({ name }) => name)
    expect(left.toSorted()).toEqual(['alive', 'forgotten', 'just-gone'])
    expect([await count('statuses'), await count('sealed_secrets')]).toEqual([3, 3])
  })
})
