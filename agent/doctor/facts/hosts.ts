import { err, ok, type Result } from '#core/base/result.ts'
import type { Problem } from '#core/model/problem.ts'
import { path } from '../../providers/proxmox/http.ts'
import { toRow, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { SiteLook } from '../site-look.ts'

/** A member of the Proxmox cluster. */
export interface HostFacts {
  readonly name: string
  readonly online: boolean
  /** As in `9.2.11`; empty when the host does not tell. */
  readonly version: string
}

/**
 * Every host, those that are off included. A host is `unknown` until its first statistics, and its state may be old: it
 * is off when it is told so, or when it does not answer for itself.
 */
export async function hostsOf(look: SiteLook): Promise<Result<readonly HostFacts[], Problem>> {
  const listed = await look.read('/nodes')
  if (!listed.ok) return listed
  const hosts = toRows(listed.value.data).map((row) => ({
    name: toText(row['node']) ?? '',
    online: row['status'] !== 'offline',
  }))
  return ok(
    await Promise.all(
      hosts.map(async ({ name, online }) => {
        const version = online ? await look.read(path`/nodes/${name}/version`) : undefined
        const told = version?.ok ? toText(toRow(version.value.data)['version']) : undefined
        const silent = version && !version.ok && version.error.code === 'provider-unreachable'
        return { name, online: online && !silent, version: told ?? '' }
      }),
    ),
  )
}

/** One question to each host that is on. A host that does not answer is told with its problem. */
export async function askEach<T>(
  look: SiteLook,
  question: string,
  read: (data: unknown, changes: string | undefined) => T,
  query: Readonly<Record<string, string | number>> = {},
): Promise<Result<readonly { readonly host: string; readonly answer: Result<T, Problem> }[], Problem>> {
  const hosts = await hostsOf(look)
  if (!hosts.ok) return hosts
  const answers = await Promise.all(
    hosts.value
      .filter(({ online }) => online)
      .map(async ({ name }) => {
        const answer = await look.read(path`/nodes/${name}` + question, query)
        return { host: name, answer: answer.ok ? ok(read(answer.value.data, answer.value.changes)) : answer }
      }),
  )
  // When no host answers there is nothing to judge, and one reason for all of it.
  const [first] = answers
  if (first && !first.answer.ok && answers.every(({ answer }) => !answer.ok)) return err(first.answer.error)
  return ok(answers)
}
