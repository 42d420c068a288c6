import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Uid } from '#core/model/ids.ts'
import { JOIN_TOKEN_PREFIX, JOIN_TOKEN_TTL_MS } from '#core/protocol/enroll.ts'
import { createJoinToken, findAgent, listAgents, revokeAgent, type AgentRow } from '#db/agents.ts'
import { findDocument } from '#db/documents.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { sha256Hex } from '../digest.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { siteObject } from '../objects.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Who may speak for a site: join tokens, the agents they admitted, and taking that back. */
const TOKEN_BYTES = 32

const JoinTokenAnswer = z
  .object({
    token: z.string().openapi({ description: 'shown once; admits one agent' }),
    expiresAt: z.iso.datetime(),
    relayUrl: z.url().openapi({ description: 'what the agent takes as --url' }),
  })
  .openapi('JoinToken')

const AgentAnswer = z
  .object({
    agentId: Uid,
    fingerprint: z.string(),
    hostname: z.string(),
    version: z.string(),
    ageRecipient: z.string(),
    enrolledAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().optional(),
  })
  .openapi('Agent')

const toAnswer = (agent: AgentRow): z.infer<typeof AgentAnswer> => ({
  agentId: agent.id,
  fingerprint: agent.fingerprint,
  hostname: agent.hostname,
  version: agent.version,
  ageRecipient: agent.ageRecipient,
  enrolledAt: iso(agent.enrolledAt),
  ...(agent.revokedAt === undefined ? {} : { revokedAt: iso(agent.revokedAt) }),
})

export function registerAgents(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/sites/{name}/join-tokens',
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: 'Make a join token for an agent of the site',
      request: { params: Params },
      responses: responses({ status: 201, description: 'the token', schema: JoinTokenAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      if (!site) return problemResponse(c, refusal('not-found', { kind: 'Site', name }))
      const token = JOIN_TOKEN_PREFIX + toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)))
      const expiresAt = c.var.now + JOIN_TOKEN_TTL_MS
      const row = { hash: await sha256Hex(token), siteUid: site.uid, siteName: name, createdAt: c.var.now, expiresAt }
      await createJoinToken(c.var.db, row, actorOf(c))
      const relayUrl = c.env.RELAY_URL ?? new URL(c.req.url).origin
      return answer<z.infer<typeof JoinTokenAnswer>>(c, { token, expiresAt: iso(expiresAt), relayUrl }, 201)
    },
  )

  app.openapi(
    route({
      method: 'get',
      path: '/v1/sites/{name}/agents',
      access: { to: 'reader', on: 'Site' },
      tags: ['agents'],
      summary: 'List the agents of the site, revoked ones included',
      request: { params: Params },
      responses: responses(
        { status: 200, description: 'oldest first', schema: z.object({ items: z.array(AgentAnswer) }) },
        ['invalid-request', 'not-found'],
      ),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      if (!site) return problemResponse(c, refusal('not-found', { kind: 'Site', name }))
      return answer(c, { items: (await listAgents(c.var.db, site.uid)).map(toAnswer) })
    },
  )

  app.openapi(
    route({
      method: 'delete',
      path: '/v1/sites/{name}/agents/{agentId}',
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: 'Revoke an agent; its socket is closed and it is never admitted again',
      request: { params: Params.extend({ agentId: Uid }) },
      responses: responses({ status: 200, description: 'the revoked agent', schema: AgentAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name, agentId } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      const agent = site && (await findAgent(c.var.db, agentId))
      if (!agent || agent.siteUid !== site.uid) return problemResponse(c, refusal('not-found', { site: name, agentId }))
      await revokeAgent(c.var.db, agent, name, actorOf(c))
      // The row keeps it out from now on. Closing the sockets is part of the promise, so the answer waits for it.
      await siteObject(c.env, site.uid).dismiss(site.uid)
      return answer(c, toAnswer({ ...agent, revokedAt: agent.revokedAt ?? c.var.now }))
    },
  )
}

const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
