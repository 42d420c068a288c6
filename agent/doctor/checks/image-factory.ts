import { ok, type Result } from '#core/base/result.ts'
import { sayProblem } from '#core/model/problem.ts'
import { diskImagePath, schematicId, schematicOf } from '#core/talos/schematic.ts'
import type { Check } from '../check.ts'
import { askEach } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** The factory, as the agent reaches it and as each host does, who fetches the images. */
export interface FactoryFacts {
  readonly url: string
  readonly fromAgent: Result<readonly string[], string>
  /** Why not, by host; undefined: it is reached. */
  readonly fromHosts: readonly {
    readonly host: string
    readonly why: string | undefined
    readonly forbidden: boolean
  }[]
  readonly wantedVersions: readonly string[]
}

export const factoryCheck: Check<SiteLook> = {
  name: 'image factory',
  async run(look) {
    const fromAgent = await look.factoryVersions()
    const wantedVersions = look.wanted?.talosVersions ?? []
    const known = fromAgent.ok ? fromAgent.value : []
    // The factory knows the plain schematic without being told, so its image is a question with no side effect.
    const version = wantedVersions.find((each) => known.includes(each)) ?? newestStable(known)
    if (version === undefined)
      return ok(judgeFactory({ url: look.imageFactory, fromAgent, fromHosts: [], wantedVersions }))
    const url = look.imageFactory.replace(/\/+$/, '') + diskImagePath(schematicId(schematicOf([])), version)
    const asked = await askEach(look, '/query-url-metadata', () => undefined, { url })
    // Every host may refuse, and each for a reason of its own: that is what is judged.
    const fromHosts = asked.ok
      ? asked.value.map(({ host, answer }) => ({
          host,
          why: answer.ok ? undefined : sayProblem(answer.error),
          forbidden: !answer.ok && answer.error.code === 'permission-missing',
        }))
      : UNASKED.includes(asked.error.code)
        ? []
        : [{ host: 'every host', why: sayProblem(asked.error), forbidden: asked.error.code === 'permission-missing' }]
    return ok(judgeFactory({ url: look.imageFactory, fromAgent, fromHosts, wantedVersions }))
  },
}

/** Proxmox itself could not be asked, which other findings tell. */
const UNASKED: readonly string[] = ['provider-unreachable', 'provider-unauthorized']

const newestStable = (versions: readonly string[]): string | undefined =>
  versions.filter((version) => /^v\d+\.\d+\.\d+$/.test(version)).at(-1)

export function judgeFactory({ url, fromAgent, fromHosts, wantedVersions }: FactoryFacts): readonly Finding[] {
  const known = fromAgent.ok ? fromAgent.value : []
  const unknown = fromAgent.ok ? wantedVersions.filter((version) => !known.includes(version)) : []
  return [
    fromAgent.ok
      ? fine('factory-reached', 'this machine', `reaches ${url}`)
      : trouble(
          'factory-unreachable',
          'this machine',
          `it does not reach ${url}: ${fromAgent.error}`,
          `curl -sS ${url}/versions   # on this machine; then its DNS, its firewall, or imageFactory in the configuration`,
        ),
    ...unknown.map((version) =>
      trouble(
        'talos-version-unknown',
        `Talos ${version}`,
        `the factory makes no images of it; its newest is ${newestStable(known) ?? 'unknown'}`,
        'correct spec.talos.version of the cluster',
      ),
    ),
    // A missing right has its own finding, with the command that gives it.
    ...fromHosts
      .filter(({ forbidden }) => !forbidden)
      .map(({ host, why }) =>
        why === undefined
          ? fine('factory-reached', host, `reaches ${url}`)
          : warning(
              'factory-unreachable',
              host,
              `it cannot fetch an image from ${url}: ${why}`,
              `curl -sSI ${url}/versions   # on ${host}; then its DNS and gateway, or: pvesh set /cluster/options --http_proxy http://PROXY:PORT`,
            ),
      ),
  ]
}
