import { z, type OpenAPIHono } from '@hono/zod-openapi'
import { findDocument } from '#db/documents.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { problemResponse, refusal } from '../http.ts'
import { clusterStub } from '../objects.ts'
import { route } from '../route.ts'
import { Params } from './documents.ts'

/** The story of a cluster, live. The Cluster object serves it; this door checks the credential and finds the object. */
const HANDED_OVER = [
  'Accept',
  'Last-Event-ID',
  'Upgrade',
  'Connection',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
]

export function registerEvents(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/v1/clusters/{name}/events',
      access: { to: 'reader', on: 'Cluster' },
      tags: ['clusters'],
      summary: 'Follow the events of a cluster',
      description:
        'A WebSocket upgrade gets one JSON event per message; Accept: text/event-stream gets server-sent events whose id is the sequence number.',
      request: {
        params: Params,
        query: z.strictObject({
          after: z
            .string()
            .regex(/^(now|\d{1,15})$/, 'must be a number or now')
            .optional()
            .openapi({ description: 'only events with a greater sequence number; now: only those to come' }),
        }),
      },
      responses: responses({ status: 200, description: 'a stream of events', schema: z.string() }, [
        'invalid-request',
        'not-found',
        'too-many-followers',
      ]),
    }),
    async (c) => {
      const { name } = c.req.valid('param')
      const upgrade = c.req.header('Upgrade')?.toLowerCase() === 'websocket'
      // curl by itself accepts anything.
      const stream = ['text/event-stream', '*/*'].some((type) => (c.req.header('Accept') ?? '').includes(type))
      if (!upgrade && !stream)
        return problemResponse(c, refusal('invalid-request', { accept: 'a WebSocket upgrade or text/event-stream' }))
      const stored = await findDocument(c.var.db, 'Cluster', name)
      if (!stored) return problemResponse(c, refusal('not-found', { kind: 'Cluster', name }))

      const { after } = c.req.valid('query')
      // The credential stays here; the object gets only what it needs.
      const headers = new Headers()
      for (const header of HANDED_OVER) {
        const value = c.req.header(header)
        if (value !== undefined) headers.set(header, value)
      }
      const query = after === undefined ? '' : `?after=${after}`
      return await clusterStub(c.env, stored.uid).fetch(`https://cluster/events${query}`, { headers })
    },
  )
}
