import { z, type OpenAPIHono } from '@hono/zod-openapi'
import packageJson from '../../../package.json' with { type: 'json' }
import { requires } from '../access/access.ts'
import { responses } from '../answers/problem.ts'
import type { ApiEnv } from '../env.ts'
import { answer } from '../http.ts'
import { route } from '../route.ts'

/** Whether the API is up, and the pages that describe it. The pages are built files (tools/build-openapi.ts). */
const HealthAnswer = z.object({ ok: z.literal(true), version: z.string() }).openapi('Health')

const PAGES: Readonly<Record<string, string>> = {
  '/openapi.json': '/openapi.json',
  '/docs': '/docs/index.html',
}

export function registerAbout(app: OpenAPIHono<ApiEnv>): void {
  app.openapi(
    route({
      method: 'get',
      path: '/healthz',
      access: { to: 'known' },
      tags: ['about'],
      summary: 'Whether the API is up',
      responses: responses({ status: 200, description: 'it is', schema: HealthAnswer }, []),
    }),
    (c) => answer<z.infer<typeof HealthAnswer>>(c, { ok: true, version: packageJson.version }),
  )
  for (const [path, asset] of Object.entries(PAGES))
    app.get(path, requires({ to: 'known' }), async (c) => {
      const found = await c.env.ASSETS.fetch(new URL(asset, c.req.url))
      return new Response(found.body, found)
    })
}
