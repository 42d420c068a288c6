import { CPU_MODELS, machinesOf } from '../capabilities.ts'
import { failed } from '../failure.ts'
import { nodeFigures, nodeStatus } from '../node-views.ts'
import { choice, flag, needed, since9, text } from '../parameter.ts'
import { needs, needsNetworkAccess, NOTHING, param, type Call, type Route } from '../route.ts'
import { NODE } from '../vm-parameters.ts'
import { epochSeconds } from '../world.ts'

/** The host itself: figures, network, capabilities, certificates. */
export const nodeRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes',
    parameters: NOTHING,
    latencyMs: 2,
    handle: (call) =>
      call.world.cluster.worlds.map((world) => ({
        ...nodeFigures({ ...call, world }),
        id: `node/${world.node}`,
        type: 'node',
        ssl_fingerprint: world.certificates.fingerprint,
      })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/status',
    parameters: NODE,
    latencyMs: 2,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: nodeStatus,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/version',
    parameters: NODE,
    latencyMs: 1,
    handle: ({ world }) => world.cluster.profile.version,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/time',
    parameters: NODE,
    latencyMs: 10,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: ({ world }) => ({ time: epochSeconds(world), localtime: epochSeconds(world), timezone: 'Etc/UTC' }),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/dns',
    parameters: NODE,
    latencyMs: 3,
    rights: needs('/nodes/{node}', 'Sys.Audit'),
    handle: ({ world }) => ({ search: world.options.domain ?? 'lan', dns1: '127.0.0.1' }),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/cpu',
    parameters: { ...NODE, arch: since9(choice('x86_64', 'aarch64')) },
    latencyMs: 4,
    handle: ({ world }) =>
      CPU_MODELS.map(({ name, vendor, abstract }) => ({
        name,
        vendor,
        custom: 0,
        ...(abstract && world.cluster.profile.cpuDetails ? { abstract } : {}),
      })),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/capabilities/qemu/machines',
    parameters: { ...NODE, arch: since9(choice('x86_64', 'aarch64')) },
    latencyMs: 2,
    handle: ({ world }) => machinesOf(world.cluster.profile.machineVersions),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/certificates/info',
    parameters: NODE,
    latencyMs: 5,
    handle: ({ world }) => world.certificates.info,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/query-url-metadata',
    parameters: { ...NODE, url: needed(text({ pattern: /^https?:\/\/.*/ })), 'verify-certificates': flag() },
    latencyMs: 12,
    rights: needsNetworkAccess,
    handle: urlMetadata,
  },
]

function urlMetadata(call: Call): unknown {
  const url = param(call, 'url')
  const answer = call.world.images.look(url)
  if (answer.kind === 'image') {
    const filename = new URL(url).pathname.split('/').at(-1) ?? ''
    return { filename, mimetype: 'application/octet-stream', size: answer.sizeBytes }
  }
  if (answer.kind === 'http-error') throw failed(`invalid server response: '${answer.status} ${answer.reason}'`)
  const why = answer.kind === 'unknown-host' ? 'Name or service not known' : 'Connection refused'
  throw failed(`invalid server response: '500 Can't connect to ${answer.host} (${why})'`)
}
