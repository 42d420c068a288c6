import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { Name, Uid } from '#core/model/ids.ts'
import { JOIN_TOKEN_PREFIX, JOIN_TOKEN_TTL_MS } from '#core/protocol/enroll.ts'
import { createJoinToken, decideAgent, findAgent, listAgents, revokeAgent, type AgentRow } from '#db/agents.ts'
import { findDocument } from '#db/documents.ts'
import { joinTokenId } from '#db/join-tokens.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { sha256Hex } from '../digest.ts'
import { toBase64Url } from '../base64-url.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { siteObject } from '../objects.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** Who may speak for a site: join tokens, the agents they admitted, and taking that back. */
const TOKEN_BYTES = 32

const MINUTE_MS = 60_000

const JoinTokenWish = z
  .strictObject({
    name: Name.optional().openapi({ description: 'what to call it in the list' }),
    ttlMinutes: z
      .int()
      .min(1)
      .max(JOIN_TOKEN_TTL_MS / MINUTE_MS)
      .optional(),
    approve: z.boolean().optional().openapi({ description: 'the agent it admits needs no approval' }),
  })
  .openapi('JoinTokenWish')

const JoinTokenAnswer = z
  .object({
    token: z.string().openapi({ description: 'shown once; admits one agent' }),
    id: z.string().openapi({ description: 'names it in the list' }),
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
    identityKey: z.string(),
    ageRecipient: z.string(),
    ageProof: z.string().optional(),
    enrolledAt: z.iso.datetime(),
    state: z.enum(['pending', 'approved', 'revoked']),
    approvedAt: z.iso.datetime().optional(),
    revokedAt: z.iso.datetime().optional(),
  })
  .openapi('Agent')

const toAnswer = (agent: AgentRow): z.infer<typeof AgentAnswer> => ({
  agentId: agent.id,
  fingerprint: agent.fingerprint,
  hostname: agent.hostname,
  version: agent.version,
  identityKey: agent.identityKey,
  ageRecipient: agent.ageRecipient,
  ...(agent.ageProof === undefined ? {} : { ageProof: agent.ageProof }),
  enrolledAt: iso(agent.enrolledAt),
  state: agent.revokedAt !== undefined ? 'revoked' : agent.approvedAt === undefined ? 'pending' : 'approved',
  ...(agent.approvedAt === undefined ? {} : { approvedAt: iso(agent.approvedAt) }),
  ...(agent.revokedAt === undefined ? {} : { revokedAt: iso(agent.revokedAt) }),
})

export function registerAgents(app: OpenAPIHono<ApiEnv>): void {
  registerDecision(app, 'approve')
  registerDecision(app, 'reject')
  app.openapi(
    route({
      method: 'post',
      path: '/v1/sites/{name}/join-tokens',
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: 'Make a join token for an agent of the site',
      request: {
        params: Params,
        body: { required: false, content: { 'application/json': { schema: JoinTokenWish } } },
      },
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
      const wish = c.req.valid('json') ?? {}
      const expiresAt = c.var.now + (wish.ttlMinutes === undefined ? JOIN_TOKEN_TTL_MS : wish.ttlMinutes * MINUTE_MS)
      const row = {
        hash: await sha256Hex(token),
        siteUid: site.uid,
        siteName: name,
        createdAt: c.var.now,
        expiresAt,
        name: wish.name ?? '',
        approve: wish.approve ?? false,
      }
      await createJoinToken(c.var.db, row, actorOf(c))
      const relayUrl = c.env.RELAY_URL ?? new URL(c.req.url).origin
      return answer<z.infer<typeof JoinTokenAnswer>>(
        c,
        { token, id: joinTokenId(row.hash), expiresAt: iso(expiresAt), relayUrl },
        201,
      )
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
      await siteObject(c.env, site.uid).dismiss(site.uid, agentId)
      return answer(c, toAnswer({ ...agent, revokedAt: agent.revokedAt ?? c.var.now }))
    },
  )
}

/** The fingerprint comes along, because approving is comparing: it stands for both keys of the agent. */
function registerDecision(app: OpenAPIHono<ApiEnv>, decision: 'approve' | 'reject'): void {
  app.openapi(
    route({
      method: 'post',
      path: `/v1/sites/{name}/agents/{agentId}/${decision}`,
      access: { to: 'admin', on: 'Site' },
      tags: ['agents'],
      summary: decision === 'approve' ? 'Let a pending agent in' : 'Refuse a pending agent for good',
      request: {
        params: Params.extend({ agentId: Uid }),
        body: { required: true, content: { 'application/json': { schema: Compared } } },
      },
      responses: responses({ status: 200, description: 'the agent', schema: AgentAnswer }, [
        'invalid-request',
        'invalid-document',
        'not-found',
        'fingerprint-differs',
      ]),
    }),
    async (c) => {
      const { name, agentId } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      const agent = site && (await findAgent(c.var.db, agentId))
      if (!agent || agent.siteUid !== site.uid || agent.revokedAt !== undefined)
        return problemResponse(c, refusal('not-found', { site: name, agentId }))
      if (c.req.valid('json').fingerprint !== agent.fingerprint)
        return problemResponse(c, refusal('fingerprint-differs', { agentId }))
      await decideAgent(c.var.db, agent, decision === 'approve' ? 'agent.approved' : 'agent.rejected', name, actorOf(c))
      if (decision === 'reject') await siteObject(c.env, site.uid).dismiss(site.uid, agentId)
      const decided = decision === 'approve' ? 'approvedAt' : 'revokedAt'
      return answer(c, toAnswer({ ...agent, [decided]: agent[decided] ?? c.var.now }))
    },
  )
}

const Compared = z
  .strictObject({ fingerprint: z.string().max(64).openapi({ description: 'as the agent itself shows it' }) })
  .openapi('ComparedFingerprint')
