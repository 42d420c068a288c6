import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { toProblem } from './errors.ts'
import { path, type ProxmoxHttp } from './http.ts'
import { isAtLeast, parseVersion, toRow, toText } from './parse.ts'

/**
 * What one host can do. Its release only says what to expect; whether a parameter is known is found out by sending it,
 * because packages are updated within a release, and members of a cluster differ for a while.
 *
 * Source: facts proxmox.md §6.
 */
export const OLDEST_RELEASE = '8.0'
/** From here on a disk image may lie under `import`; before, machines install themselves from an ISO. */
export const IMAGE_IMPORT_RELEASE = '8.4'

/** `GET /nodes/{node}/version`. Problem `unsupported-version` for a host that is too old for anything, or for `needs`. */
export async function checkRelease(
  http: ProxmoxHttp,
  host: string,
  needs: 'anything' | 'image-import',
): Promise<Result<void, Problem>> {
  const answer = await http.get(path`/nodes/${host}/version`)
  if (!answer.ok) return err(toProblem(answer.error))
  const release = toText(toRow(answer.value)['version']) ?? ''
  const version = parseVersion(release)
  if (!isAtLeast(version, 8, 0))
    return err(problem('unsupported-version', { host, version: release, oldest: OLDEST_RELEASE }))
  if (needs === 'image-import' && !isAtLeast(version, 8, 4))
    return err(
      problem('unsupported-version', {
        host,
        version: release,
        oldest: IMAGE_IMPORT_RELEASE,
        reason: 'it cannot import disk images; boot machines of this host by ISO',
      }),
    )
  return ok(undefined)
}
