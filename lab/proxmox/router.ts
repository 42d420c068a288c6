import { badParameters, Failure, failed } from './failure.ts'
import { checkParameters } from './parameter.ts'
import { ROUTES } from './routes/all.ts'
import type { Identity } from './access.ts'
import type { ApiRequest } from './http-request.ts'
import type { Route } from './route.ts'
import type { World } from './world.ts'

/** Finds what answers a request and runs it: rights first, then parameters, then the work. */
export interface Match {
  readonly route: Route
  readonly inPath: ReadonlyMap<string, string>
}

const PATTERNS = ROUTES.map((route) => ({ route, ...patternOf(route.path) }))

/** `{volume}` may hold slashes, every other name may not. */
function patternOf(path: string): { readonly pattern: RegExp; readonly names: readonly string[] } {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  const source = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'volume' ? '(.+)' : '([^/]+)'))
  return { pattern: new RegExp(`^${source}$`), names }
}

export function findRoute(method: string, path: string): Match | undefined {
  for (const { route, pattern, names } of PATTERNS) {
    const found = route.method === method ? pattern.exec(path) : null
    if (found) return { route, inPath: new Map(names.map((name, at) => [name, found[at + 1] ?? ''])) }
  }
  return undefined
}

export async function answer(world: World, who: Identity, request: ApiRequest): Promise<unknown> {
  const match = findRoute(request.method, request.path)
  if (!match) throw new Failure(501, `Method '${request.method} ${request.path}' not implemented`)
  const sent = new Map(match.inPath)
  for (const [name, value] of request.sent) {
    if (match.inPath.has(name) && match.inPath.get(name) !== value)
      throw badParameters({ [name]: 'duplicate parameter (already defined in URI) with conflicting values!' })
    sent.set(name, value)
  }
  const { route } = match
  route.rights?.({ world, who, parameters: sent })
  const node = match.inPath.get('node')
  if (node !== undefined && node !== world.node && node !== 'localhost')
    throw failed(
      `hostname lookup '${node}' failed - failed to get address info for: ${node}: Temporary failure in name resolution`,
    )
  const parameters = checkParameters(route.parameters, sent)
  await world.time.pass(route.latencyMs)
  return route.handle({ world, who, parameters })
}
