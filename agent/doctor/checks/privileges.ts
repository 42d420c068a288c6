import { err, ok } from '#core/base/result.ts'
import { parseVersion } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { hostsOf } from '../facts/hosts.ts'
import { anyPrivileges, privilegesOn, rolesOf } from '../facts/permissions.ts'
import { targetsOf } from '../facts/targets.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import { needsOf, pathsOf, ROLES, type Need, type Place, type Release, type Targets } from '../privileges.ts'
import { aclCommand } from '../rights-script.ts'
import type { SiteLook } from '../site-look.ts'

/** Every privilege that is needed, on every path where it is needed, by name. */
export interface HeldRights {
  readonly user: string
  readonly release: Release
  readonly targets: Targets
  /** By path. */
  readonly held: ReadonlyMap<string, ReadonlySet<string>>
  readonly roles: ReadonlyMap<string, ReadonlySet<string>>
}

export const privilegeCheck: Check<SiteLook> = {
  name: 'privileges',
  async run(look) {
    const any = await anyPrivileges(look)
    if (!any.ok) return any
    // Said by the check of the token, in one finding instead of twenty.
    if (!any.value) return ok([])
    const hosts = await hostsOf(look)
    if (!hosts.ok) return hosts
    const targets = await targetsOf(look)
    if (!targets.ok) return targets
    const roles = await rolesOf(look)
    if (!roles.ok) return roles
    const release = oldestOf(hosts.value.map(({ version }) => version))
    const paths = [...new Set(needsOf(release).flatMap(({ place }) => pathsOf(place, targets.value)))]
    const asked = await Promise.all(paths.map(async (path) => [path, await privilegesOn(look, path)] as const))
    const held = new Map<string, ReadonlySet<string>>()
    for (const [path, answer] of asked) {
      if (!answer.ok) return err(answer.error)
      held.set(path, answer.value)
    }
    const [user = ''] = look.proxmox.tokenId.split('!')
    return ok(judgePrivileges({ user, release, targets: targets.value, held, roles: roles.value }))
  },
}

/** Roles are shared by the hosts of a cluster: what the oldest release understands is what they can say. */
function oldestOf(versions: readonly string[]): Release {
  const releases = versions.filter((version) => version !== '').map(parseVersion)
  const [oldest = []] = releases.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0))
  return [oldest[0] ?? 9, oldest[1] ?? 0]
}

export function judgePrivileges(rights: HeldRights): readonly Finding[] {
  const needs = needsOf(rights.release)
  const places = [...new Set(needs.map(({ place }) => place))]
  const findings = places.flatMap((place) =>
    pathsOf(place, rights.targets).flatMap((path) => {
      const ofPlace = needs.filter((need) => need.place === place)
      const missing = ofPlace.filter(({ privilege }) => !rights.held.get(path)?.has(privilege))
      return missing.map((need) => missed(need, path, ofPlace, rights))
    }),
  )
  return findings.length > 0 ? findings : [fine('privileges-held', rights.user, 'has every privilege that is needed')]
}

const CODES: Partial<Record<Place, string>> = { bridge: 'bridge-not-allowed' }

function missed(need: Need, path: string, ofPlace: readonly Need[], { user, roles }: HeldRights): Finding {
  const role = ROLES[need.place]
  const names = ofPlace.map(({ privilege }) => privilege)
  const known = roles.get(role)
  const prepare =
    known === undefined
      ? [`pveum role add ${role} --privs "${names.join(' ')}"`]
      : names.every((name) => known.has(name))
        ? []
        : [`pveum role modify ${role} --append 1 --privs "${names.filter((name) => !known.has(name)).join(' ')}"`]
  return trouble(
    CODES[need.place] ?? 'privilege-missing',
    `${need.privilege} on ${path}`,
    `the token may not ${need.why}`,
    [...prepare, aclCommand(path, user, role)].join('\n'),
  )
}
