import { badParameters, Failure, failed } from './failure.ts'
import { checkParameters, tableOf, type Major } from './parameter.ts'
import { ROUTES } from './routes/all.ts'
import type { Identity } from './access.ts'
import type { ApiRequest } from './http-request.ts'
import type { Route } from './route.ts'
import type { World } from './world.ts'

/**
 * Finds what answers a request and runs it: rights first, then the host that it belongs to, then parameters, then the
 * work. A call for another host of the cluster is relayed to it.
 */
export interface Match {
  readonly route: Route
  readonly inPath: ReadonlyMap<string, string>
}

/** The relay gives up after this long; the work goes on. */
export const RELAY_MS = 30_000

interface Pattern {
  readonly route: Route
  readonly pattern: RegExp
  readonly names: readonly string[]
}

/** The calls of a release, with the parameters that it knows. */
export const routesOf = (major: Major): Route[] =>
  ROUTES.filter(({ since, until }) => (since ?? major) <= major && (until ?? major) >= major).map((route) => ({
    ...route,
    parameters: tableOf(route.parameters, major),
  }))

const patternsOf = (major: Major): Pattern[] => routesOf(major).map((route) => ({ route, ...patternOf(route.path) }))
const PATTERNS: Readonly<Record<Major, readonly Pattern[]>> = { 8: patternsOf(8), 9: patternsOf(9) }

/** `{volume}` and `{poolid}` may hold slashes, every other name may not. */
function patternOf(path: string): Omit<Pattern, 'route'> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
  const source = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'volume' ? '(.+)' : '([^/]+)'))
  return { pattern: new RegExp(`^${source}$`), names }
}

export function findRoute(major: Major, method: string, path: string): Match | undefined {
  for (const { route, pattern, names } of PATTERNS[major]) {
    const found = route.method === method ? pattern.exec(path) : null
    if (found) return { route, inPath: new Map(names.map((name, at) => [name, found[at + 1] ?? ''])) }
  }
  return undefined
}

export async function answer(world: World, who: Identity, request: ApiRequest): Promise<unknown> {
  const match = findRoute(world.cluster.profile.major, request.method, request.path)
  if (!match) throw new Failure(501, `Method '${request.method} ${request.path}' not implemented`)
  const sent = new Map(match.inPath)
  for (const [name, value] of request.sent) {
    if (match.inPath.has(name) && match.inPath.get(name) !== value)
      throw badParameters({ [name]: 'duplicate parameter (already defined in URI) with conflicting values!' })
    sent.set(name, value)
  }
  const { route } = match
  route.rights?.({ world, who, parameters: sent })
  const target = ownerOf(world, match.inPath.get('node'))
  const parameters = checkParameters(route.parameters, sent)
  if (route.method !== 'GET' && !route.withoutQuorum && !world.cluster.isQuorate())
    throw failed('cluster not ready - no quorum?')
  await world.time.pass(route.latencyMs)
  const call = { world: target, who, parameters, ...(request.upload ? { upload: request.upload } : {}) }
  return withinRelayTime(world, Promise.resolve(route.handle(call)))
}

/** The host that a path names; the one that was asked when it names none. */
function ownerOf(world: World, node: string | undefined): World {
  if (node === undefined || node === 'localhost') return world
  const target = world.cluster.findWorld(node)
  if (!target)
    throw failed(
      `hostname lookup '${node}' failed - failed to get address info for: ${node}: Temporary failure in name resolution`,
    )
  if (!target.line.online) throw new Failure(595, 'No route to host')
  return target
}

async function withinRelayTime<T>(world: World, work: Promise<T>): Promise<T> {
  const patience = new AbortController()
  const late = world.time.pass(RELAY_MS, patience.signal).then(() => {
    if (!patience.signal.aborted) throw new Failure(596, 'Connection timed out')
    return work
  })
  try {
    return await Promise.race([work, late])
  } finally {
    patience.abort()
    // Whoever asked is told something else by then.
    work.catch(() => undefined)
    late.catch(() => undefined)
  }
}
