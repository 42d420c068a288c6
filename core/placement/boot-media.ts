import { err, ok, type Result } from '../base/result.ts'
import type { BootMedia } from '../model/hardware.ts'
import { problem, type Problem } from '../model/problem.ts'
import type { HostSeen } from '../model/seen.ts'

/**
 * How a host makes its machines, by the release that was seen of it: from a disk image since one may lie under `import`,
 * from an ISO that installs to an empty disk before. The agent looks once more right before it acts.
 *
 * Source: facts proxmox.md §6.
 */
const OLDEST = { major: 8, minor: 0 }
const IMPORTS_FROM = { major: 8, minor: 4 }

/** Problem `unsupported-version` for a host that is too old for both. One that does not tell its release is let pass. */
export function bootMediaOf({ name, version }: HostSeen): Result<BootMedia, Problem> {
  const match = /^(\d+)\.(\d+)/.exec(version)
  if (!match) return ok('image')
  const release = { major: Number(match[1]), minor: Number(match[2]) }
  if (isBefore(release, OLDEST)) {
    const oldest = `${OLDEST.major}.${OLDEST.minor}`
    const reason = `Proxmox VE ${version} is older than ${oldest}, the oldest that machines are made on`
    return err(problem('unsupported-version', { host: name, version, oldest, reason }))
  }
  return ok(isBefore(release, IMPORTS_FROM) ? 'iso' : 'image')
}

/** The content type that the image storage of the host has to take. */
export const contentOf = (media: BootMedia): 'import' | 'iso' => (media === 'iso' ? 'iso' : 'import')

type Release = typeof OLDEST
const isBefore = (a: Release, b: Release): boolean => a.major < b.major || (a.major === b.major && a.minor < b.minor)
