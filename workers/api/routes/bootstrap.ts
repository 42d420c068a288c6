import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Name } from '#core/model/ids.ts'
import { makeFirstAdmin, type FirstAdmin } from '#db/bootstrap.ts'
import { findServiceAccount } from '#db/service-accounts.ts'
import { findUserBySubject, nameOfUser } from '#db/users.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { sha256Hex } from '../digest.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { mintCredential, newUid } from '../login/mint.ts'
import { SESSION_MS } from '../login/open-session.ts'
import { personByIdToken } from '../login/person.ts'
import { route } from '../route.ts'
import { ID_TOKEN_PROBLEMS, IdToken, SessionAnswer } from './sessions.ts'

/** The one use of the bootstrap token that ends it. */
const FIRST_TOKEN_MS = 90 * 24 * 3_600_000

export function registerBootstrap(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/bootstrap',
      access: { to: 'admin', on: 'everything' },
      tags: ['identity'],
      summary: 'Exchange the bootstrap token for the first admin',
      description:
        'A person, by their identity token, or a service account. The bootstrap token is good for nothing afterwards.',
      request: {
        body: {
          required: true,
          content: {
            'application/json': {
              schema: z.union([z.strictObject({ idToken: IdToken }), z.strictObject({ serviceAccount: Name })]),
            },
          },
        },
      },
      responses: responses({ status: 201, description: 'the credential of the first admin', schema: SessionAnswer }, [
        'invalid-document',
        'bootstrap-ended',
        'name-taken',
        ...ID_TOKEN_PROBLEMS,
      ]),
    }),
    async (c) => {
      const { caller, db, keys, now } = c.var
      if (caller.kind !== 'bootstrap') return problemResponse(c, refusal('forbidden', { needs: 'the bootstrap token' }))
      const body = c.req.valid('json')
      let admin: FirstAdmin
      if ('idToken' in body) {
        const person = await personByIdToken(body.idToken, c.env, keys, now)
        if (!person.ok) return problemResponse(c, { problem: person.error })
        const known = await findUserBySubject(db, person.value.issuer, person.value.subject)
        admin = { type: 'user', user: { ...person.value, uid: known?.uid ?? newUid(now) } }
      } else {
        const name = body.serviceAccount
        if (await findServiceAccount(db, name)) return problemResponse(c, refusal('name-taken', { name }))
        admin = { type: 'service-account', account: { uid: newUid(now), name, createdAt: now } }
      }
      const person = admin.type === 'user'
      const { token, hash, id } = await mintCredential(person ? 'session' : 'token', now)
      const expiresAt = now + (person ? SESSION_MS : FIRST_TOKEN_MS)
      const credential = {
        hash,
        id,
        kind: person ? 'session' : 'token',
        name: person ? '' : 'first',
        principalKind: admin.type,
        principalUid: admin.type === 'user' ? admin.user.uid : admin.account.uid,
        expiresAt,
      } as const
      const used = await sha256Hex((c.req.header('Authorization') ?? '').split(' ')[1] ?? '')
      if (!(await makeFirstAdmin(db, used, admin, credential, actorOf(c))))
        return problemResponse(c, refusal('bootstrap-ended'))
      const name = admin.type === 'user' ? nameOfUser(admin.user) : admin.account.name
      return answer<z.infer<typeof SessionAnswer>>(c, { token, name, expiresAt: iso(expiresAt) }, 201)
    },
  )
}
