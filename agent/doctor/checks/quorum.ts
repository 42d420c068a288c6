import { ok } from '#core/base/result.ts'
import { toFlag, toRows, toText } from '../../providers/proxmox/parse.ts'
import type { Check } from '../check.ts'
import { hostsOf } from '../facts/hosts.ts'
import { fine, trouble, warning, type Finding } from '../finding.ts'
import type { SiteLook } from '../site-look.ts'

/** Members and quorum of the Proxmox cluster; a standalone host is a cluster of one without a cluster row. */
export interface QuorumFacts {
  /** Undefined: standalone, or the token may not see it. */
  readonly quorate: boolean | undefined
  readonly offline: readonly string[]
  readonly hostCount: number
}

export const quorumCheck: Check<SiteLook> = {
  name: 'quorum',
  async run(look) {
    const hosts = await hostsOf(look)
    if (!hosts.ok) return hosts
    const status = await look.read('/cluster/status')
    // Sys.Audit on / is an extra; without it a host that is off can still be seen.
    const cluster = status.ok ? toRows(status.value.data).find((row) => row['type'] === 'cluster') : undefined
    const told = status.ok
      ? toRows(status.value.data)
          .filter((row) => row['type'] === 'node' && !toFlag(row['online']))
          .flatMap((row) => toText(row['name']) ?? [])
      : []
    const away = [...new Set([...told, ...hosts.value.filter(({ online }) => !online).map(({ name }) => name)])]
    return ok(
      judgeQuorum({
        quorate: cluster === undefined ? undefined : toFlag(cluster['quorate']),
        offline: away,
        hostCount: hosts.value.length,
      }),
    )
  },
}

export function judgeQuorum({ quorate, offline, hostCount }: QuorumFacts): readonly Finding[] {
  const hosts = offline.map((name) =>
    warning(
      'host-offline',
      name,
      'the host is off or cut off from the cluster',
      `systemctl status corosync   # on ${name}`,
    ),
  )
  if (quorate === false)
    return [
      trouble(
        'quorum-lost',
        'Proxmox cluster',
        'it has no quorum: everything is read-only, no machine can be made, started or deleted',
        'pvecm status   # bring the missing hosts back; only if they are gone for good: pvecm expected 1',
      ),
      ...hosts,
    ]
  if (hosts.length > 0) return hosts
  return [
    fine(
      'cluster-whole',
      'Proxmox cluster',
      hostCount === 1 ? 'one host, standing alone' : `${hostCount} hosts, all there`,
    ),
  ]
}
