import packageJson from '../../package.json' with { type: 'json' }
import { createApp } from './app.ts'

/** The OpenAPI 3.1 document of the routes as they are. Built into a static file; no request ever computes it. */
export function openApiDocument(): object {
  const app = createApp()
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Lanline',
      version: packageJson.version,
      description:
        'Talos Linux Kubernetes clusters on Proxmox VE, as their owner wants them. Every route needs a credential but those that say how to log in; x-access says what else it needs.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
  })
}
