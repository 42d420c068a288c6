import type { Context } from 'hono'
import { beforeAll, expect, test } from 'vitest'
import type { ApiEnv } from '../../../workers/api/env.ts'
import { recordUse } from '../../../workers/api/direct/record-use.ts'
import { openDb } from '#db/open.ts'
import { audit } from '#db/schema.ts'
import { env, migrate } from './client.ts'

beforeAll(migrate)

/** One person's request at a moment, as the route hands it on. */
async function use(asked: { method: string; path: string }, at: number): Promise<void> {
  const written: Promise<unknown>[] = []
  const context = {
    var: { db: openDb(env.DB), caller: { kind: 'user', name: 'alice' }, requestId: 'r', now: at },
    req: { raw: new Request('https://lanline.test/') },
    executionCtx: { waitUntil: (promise: Promise<unknown>) => void written.push(promise) },
  }
  recordUse(context as unknown as Context<ApiEnv>, { name: 'home', uid: 'u' }, { ...asked, status: 201 })
  await Promise.all(written)
}

test('[L9] who changes something or goes into a pod is in the audit once a minute, and who reads is not', async () => {
  const [pods, exec] = ['/api/v1/namespaces/a/pods', '/api/v1/namespaces/a/pods/b/exec']
  for (const at of [100_000, 110_000, 159_000, 161_000]) {
    await use({ method: 'GET', path: pods }, at)
    await use({ method: 'DELETE', path: `${pods}/b` }, at)
    // A GET, as kubectl makes it for a WebSocket.
    await use({ method: 'GET', path: exec }, at)
  }
  const rows = await openDb(env.DB).select().from(audit)
  const told = rows.map(({ action, actor, at, facts }) => [action, actor, at, JSON.parse(JSON.stringify(facts))])
  const [changed, entered] = [
    { method: 'DELETE', path: `${pods}/b`, status: 201 },
    { method: 'GET', path: exec, status: 201 },
  ]
  expect(told).toEqual([
    ['direct.changed', 'user:alice', 100_000, expect.objectContaining(changed)],
    ['direct.entered', 'user:alice', 100_000, expect.objectContaining(entered)],
    ['direct.changed', 'user:alice', 161_000, expect.objectContaining(changed)],
    ['direct.entered', 'user:alice', 161_000, expect.objectContaining(entered)],
  ])
})
