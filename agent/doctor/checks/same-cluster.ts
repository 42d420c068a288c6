import { ok } from '#core/base/result.ts'
import type { Check } from '../check.ts'
import { fine, trouble, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Endpoints are ways round to one cluster: with two clusters the agent would see the guests of now one, now the other. */
export const sameClusterCheck: Check<SiteLook> = {
  name: 'one cluster',
  run: async (look) => ok(judgeSameCluster(await look.nodesBehind())),
}

export function judgeSameCluster(
  behind: readonly { readonly endpoint: string; readonly nodes: readonly string[] }[],
): readonly Finding[] {
  const [first, ...others] = behind
  if (!first || others.length === 0) return []
  const members = first.nodes.toSorted().join(', ')
  const strangers = others.filter(({ nodes }) => nodes.toSorted().join(', ') !== members)
  if (strangers.length === 0)
    return [fine('one-cluster', 'proxmox.endpoints', `all endpoints belong to one cluster: ${members}`)]
  return strangers.map(({ endpoint, nodes }) =>
    trouble(
      'several-clusters',
      endpoint,
      `it belongs to another cluster (${nodes.toSorted().join(', ')}) than ${first.endpoint} (${members})`,
      `take ${endpoint} out of proxmox.endpoints; an agent has one Proxmox cluster`,
    ),
  )
}
