import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { roleAt } from '#core/access/grant.ts'
import { LANE_PATH, LANE_TICKET_PREFIX, LANE_TICKET_TTL_MS } from '#core/protocol/lane.ts'
import { listAgents } from '#db/agents.ts'
import { findDocument } from '#db/documents.ts'
import { createLaneTicket } from '#db/lane-tickets.ts'
import { actorOf } from '../actor.ts'
import { iso } from '../answers/document.ts'
import { responses } from '../answers/problem.ts'
import { toBase64Url } from '../base64-url.ts'
import { sha256Hex } from '../digest.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** The way into a cluster from afar: a ticket that lets its bearer into the data lane of the site, for this cluster only. */
const TICKET_BYTES = 32

const LaneTicketAnswer = z
  .object({
    ticket: z.string().openapi({ description: 'works once' }),
    expiresAt: z.iso.datetime(),
    laneUrl: z.url().openapi({ description: 'where to open the WebSocket, with the ticket as bearer token' }),
    clusterUid: z.string(),
    siteName: z.string(),
    agents: z
      .array(z.string())
      .openapi({ description: 'fingerprints of the agents of the site; a client pins the one it has met' }),
  })
  .openapi('LaneTicket')

const LaneTicketRequest = z
  .strictObject({
    purpose: z.enum(['kubernetes', 'talos', 'credential', 'tunnel']).openapi({ description: 'for the audit' }),
  })
  .openapi('LaneTicketRequest')

export function registerLaneTickets(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'post',
      path: '/v1/clusters/{name}/lane-tickets',
      access: { to: 'reader', on: 'Cluster' },
      tags: ['access'],
      summary: 'Make a ticket for the data lane to a cluster',
      request: {
        params: Params,
        body: { required: true, content: { 'application/json': { schema: LaneTicketRequest } } },
      },
      responses: responses({ status: 201, description: 'the ticket', schema: LaneTicketAnswer }, [
        'invalid-request',
        'invalid-document',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const cluster = await findDocument(c.var.db, 'Cluster', name)
      const site = cluster?.kind === 'Cluster' ? await findDocument(c.var.db, 'Site', cluster.spec.site) : undefined
      const role = site && roleAt(c.var.caller, { site: site.metadata.name, cluster: name })
      if (!cluster || !site || !role) return problemResponse(c, refusal('not-found', { kind: 'Cluster', name }))
      const actor = actorOf(c)
      const ticket = LANE_TICKET_PREFIX + toBase64Url(crypto.getRandomValues(new Uint8Array(TICKET_BYTES)))
      const expiresAt = c.var.now + LANE_TICKET_TTL_MS
      const { purpose } = c.req.valid('json')
      const row = {
        siteUid: site.uid,
        clusterUid: cluster.uid,
        clusterName: name,
        subject: actor.actor,
        role,
        purpose,
      }
      await createLaneTicket(c.var.db, { ...row, hash: await sha256Hex(ticket), expiresAt }, actor)
      const agents = (await listAgents(c.var.db, site.uid)).filter((agent) => agent.revokedAt === undefined)
      const laneUrl = new URL(LANE_PATH, c.env.RELAY_URL ?? new URL(c.req.url).origin)
      laneUrl.protocol = laneUrl.protocol === 'https:' ? 'wss:' : 'ws:'
      return answer<z.infer<typeof LaneTicketAnswer>>(
        c,
        {
          ticket,
          expiresAt: iso(expiresAt),
          laneUrl: laneUrl.href,
          clusterUid: cluster.uid,
          siteName: site.metadata.name,
          agents: agents.map(({ fingerprint }) => fingerprint),
        },
        201,
      )
    },
  )
}
