import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi'
import { hostCapacity } from '#core/placement/capacity.ts'
import { findDocument } from '#db/documents.ts'
import { iso } from '../answers/document.ts'
import { HostCapacityAnswer } from '../answers/plan.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { siteObject } from '../objects.ts'
import { Params } from './documents.ts'

/** What the hosts of a site have, who has it, and what is left: the same arithmetic placement uses. */
const CapacityAnswer = z
  .object({
    hosts: z.array(HostCapacityAnswer),
    unseen: z.array(z.string()).openapi({ description: 'hosts of the document that no agent has seen' }),
    online: z.boolean().openapi({ description: 'whether the agent is connected' }),
    seenAt: z.iso.datetime().optional(),
  })
  .openapi('Capacity')

export function registerCapacity(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sites/{name}/capacity',
      tags: ['sites'],
      summary: 'Show the capacity of the hosts',
      request: { params: Params },
      responses: responses({ status: 200, description: 'by host', schema: CapacityAnswer }, [
        'invalid-request',
        'not-found',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const site = await findDocument(c.var.db, 'Site', name)
      if (site?.kind !== 'Site') return problemResponse(c, refusal('not-found', { kind: 'Site', name }))
      const { placements, seen, seenAt, online } = await siteObject(c.env, site.uid).ledger(site.uid)
      const ledger = { site: site.spec, networks: {}, placements, seen }
      const hosts = site.spec.hosts.map((host) => ({ host, capacity: hostCapacity(host, ledger) }))
      return answer<z.infer<typeof CapacityAnswer>>(c, {
        hosts: hosts.flatMap(({ capacity }) => capacity ?? []),
        unseen: hosts.filter(({ capacity }) => !capacity).map(({ host }) => host.name),
        online,
        ...(seenAt === undefined ? {} : { seenAt: iso(seenAt) }),
      })
    },
  )
}
