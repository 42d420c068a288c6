import type { Result } from '../base/result.ts'
import type { PlacedDisk, PlacementRequest } from '../model/placement.ts'
import { problem, PROBLEM_KINDS, type Problem } from '../model/problem.ts'
import type { Ledger } from './ledger.ts'
import type { Candidate } from './place.ts'
import type { HostRoom } from './room.ts'

/** Why a machine is where it is: each host of the site with its reason, in words. */
export interface Explanation {
  readonly machineId: string
  readonly name: string
  readonly host: string
  readonly hosts: readonly { readonly host: string; readonly says: string }[]
}

type Fit = Result<readonly PlacedDisk[], Problem>

export function explain(
  { machineId, name }: PlacementRequest,
  chosen: string,
  judged: readonly { readonly room: HostRoom; readonly fit: Fit }[],
  eligible: readonly Candidate[],
): Explanation {
  return {
    machineId,
    name,
    host: chosen,
    hosts: judged.map(({ room, fit }) => {
      const host = room.spec.name
      const could = eligible.find((candidate) => candidate.room === room)
      if (!could) return { host, says: fit.ok ? '' : sayRefusal(fit.error) }
      const reasons = [
        ...(could.siblings > 0 ? [`${could.siblings} of its kind there`] : []),
        ...(could.storageSiblings > 0 ? [`shares a storage with ${could.storageSiblings} of its kind`] : []),
        `${Math.round(could.load * 100)}% full with it`,
      ]
      return { host, says: `${host === chosen ? 'chosen' : 'possible'}: ${reasons.join(', ')}` }
    }),
  }
}

/** One host: its own reason. Several: the most telling one, and all of them as facts. */
export function refuse(
  request: PlacementRequest,
  judged: readonly { readonly host: string; readonly fit: Fit }[],
  { site }: Ledger,
): Problem {
  const refused = judged.flatMap(({ host, fit }) => (fit.ok ? [] : [{ host, found: fit.error }]))
  // That a machine is pinned elsewhere says least; the host it is pinned to says why it does not go.
  const [first] = refused.toSorted((a, b) => weight(a.found) - weight(b.found))
  if (!first) return problem('host-unknown', { machine: request.name, hosts: site.hosts.map(({ name }) => name) })
  if (refused.length === 1) return first.found
  const hosts = refused.map(({ host, found }) => `${host}: ${sayRefusal(found)}`)
  return problem(first.found.code, { ...first.found.facts, hosts })
}

const weight = ({ code, facts }: Problem): number => Number(code === 'host-excluded' && 'pinnedTo' in facts)

const sayRefusal = ({ code, facts }: Problem): string => {
  const { arithmetic, pinnedTo, where, reason } = facts
  if (arithmetic !== undefined) return String(arithmetic)
  if (pinnedTo !== undefined) return `pinned to ${String(pinnedTo)}`
  if (where !== undefined) return `not where ${String(where)}${reason === undefined ? '' : ` (${String(reason)})`}`
  if (reason !== undefined) return String(reason)
  return `${PROBLEM_KINDS[code].title.replace(/\.$/, '')}`
}
