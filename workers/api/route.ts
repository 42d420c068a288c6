import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import { requires, type Access } from './access/access.ts'

/**
 * Declares a route. `access` says what it needs and is enforced before anything else of the route is looked at; a
 * declaration without it does not compile. Nothing else in this Worker calls createRoute.
 */
export function route<P extends string, R extends Omit<RouteConfig, 'path' | 'middleware' | 'security'> & { path: P }>(
  declared: R & { readonly access: Access },
) {
  const { access, ...config } = declared
  return createRoute<P, R>({
    ...(config as unknown as R),
    'x-access': access,
    // For a stranger's route OpenAPI wants to hear that the credential of all others is not needed.
    ...(access.to === 'anyone' ? { security: [] } : {}),
    middleware: requires(access),
  })
}
