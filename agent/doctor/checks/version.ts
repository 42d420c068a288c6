import { ok } from '#core/base/result.ts'
import { parseVersion } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { hostsOf, type HostFacts } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import { isBefore, type Release } from '../privileges.ts'
import { NEWEST_MAJOR, OLDEST_RELEASE } from '../rights-script.ts'
import type { SiteLook } from '../site-look.ts'

/** Releases: 8.4 and 9 import images, 8.0 to 8.3 boot an ISO, older ones are refused, newer majors are unknown. */
export const versionCheck: Check<SiteLook> = {
  name: 'versions',
  async run(look) {
    const hosts = await hostsOf(look)
    return hosts.ok ? ok(judgeVersions(hosts.value)) : hosts
  },
}

/** First release with import content for disk images. Source: facts proxmox.md §6. */
const IMPORTS: Release = [8, 4]
const UPGRADE = 'https://pve.proxmox.com/wiki/Upgrade_from_8_to_9'

export function judgeVersions(hosts: readonly HostFacts[]): readonly Finding[] {
  const told = hosts.filter(({ version }) => version !== '')
  const [first] = told
  const mixed = first && told.some(({ version }) => releaseOf(version).join('.') !== releaseOf(first.version).join('.'))
  return [
    ...told.map(judgeVersion),
    ...(mixed
      ? [
          warning(
            'versions-mixed',
            'hosts',
            `they run different releases: ${told.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
            'apt update && apt dist-upgrade   # on the older ones, one after another',
          ),
        ]
      : []),
  ]
}

function judgeVersion({ name, version }: HostFacts): Finding {
  const release = releaseOf(version)
  if (isBefore(release, OLDEST_RELEASE))
    return trouble('version-too-old', name, `Proxmox VE ${version} is older than 8.0 and not supported`, UPGRADE)
  if (isBefore(release, IMPORTS))
    return warning(
      'version-without-import',
      name,
      `Proxmox VE ${version} cannot import disk images; machines boot from an ISO and install themselves`,
      'apt update && apt dist-upgrade   # to 8.4 or later',
    )
  if (release[0] > NEWEST_MAJOR)
    return warning(
      'version-unknown',
      name,
      `Proxmox VE ${version} is newer than this agent knows`,
      'update the agent (docs/running.md, The agent)',
    )
  return fine('version-supported', name, `Proxmox VE ${version}`)
}

export function releaseOf(version: string): Release {
  const [major = 0, minor = 0] = parseVersion(version)
  return [major, minor]
}
