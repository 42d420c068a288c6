import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { guestOf, hostCapacity } from '#core/placement/capacity.ts'
import { toLedger } from '#core/placement/to-ledger.ts'
import { findDocument } from '#db/documents.ts'
import { gatherSite } from '#db/gather.ts'
import { iso } from '../answers/document.ts'
import { HostCapacityAnswer } from '../answers/plan.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer, problemResponse, refusal } from '../http.ts'
import { siteObject } from '../objects.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

const AdoptedAnswer = z
  .object({
    name: z.string(),
    host: z.string(),
    vmid: z.number().int(),
    cpu: z.number().int(),
    memoryMiB: z.number().int(),
    seen: z.enum(['running', 'stopped', 'missing', 'unknown']),
  })
  .openapi('AdoptedGuest')

/** What the hosts of a site have, who has it, and what is left: the same arithmetic placement uses. */
const CapacityAnswer = z
  .object({
    hosts: z.array(HostCapacityAnswer),
    adopted: z.array(AdoptedAnswer).openapi({ description: 'guests of Machine documents: counted, never touched' }),
    unseen: z.array(z.string()).openapi({ description: 'hosts of the document that no agent has seen' }),
    online: z.boolean().openapi({ description: 'whether the agent is connected' }),
    seenAt: z.iso.datetime().optional(),
  })
  .openapi('Capacity')

export function registerCapacity(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/sites/{name}/capacity',
      access: { to: 'reader', on: 'Site' },
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
      const found = await findDocument(c.var.db, 'Site', name)
      const documents = found && (await gatherSite(c.var.db, found.uid))
      if (!documents) return problemResponse(c, refusal('not-found', { kind: 'Site', name }))
      const { site } = documents
      const { placements, seen, seenAt, online } = await siteObject(c.env, site.uid).ledger(site.uid)
      const clusters = documents.clusters.map(({ document }) => document)
      const ledger = toLedger({ ...documents, clusters }, { placements, seen })
      const hosts = site.spec.hosts.map((host) => ({ host, capacity: hostCapacity(host, ledger) }))
      return answer<z.infer<typeof CapacityAnswer>>(c, {
        hosts: hosts.flatMap(({ capacity }) => capacity ?? []),
        adopted: ledger.adopted.map((guest) => {
          const there = guestOf(guest, seen.guests)
          return {
            name: guest.name,
            host: guest.host,
            vmid: guest.vmid,
            cpu: Math.max(guest.cpu, there?.cpu ?? 0),
            memoryMiB: Math.max(guest.memoryMiB, there?.memoryMiB ?? 0),
            seen: seenAt === undefined ? 'unknown' : !there ? 'missing' : there.running ? 'running' : 'stopped',
          }
        }),
        unseen: hosts.filter(({ capacity }) => !capacity).map(({ host }) => host.name),
        online,
        ...(seenAt === undefined ? {} : { seenAt: iso(seenAt) }),
      })
    },
  )
}
