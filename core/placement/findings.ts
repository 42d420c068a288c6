import type { Finding } from '../model/status.ts'
import { hostCapacity, sayShare } from './capacity.ts'
import type { Ledger } from './ledger.ts'

/** What is worth knowing about where a cluster's machines are; the ledger already holds their placements. */
export function placementFindings(clusterUid: string, ledger: Ledger): readonly Finding[] {
  const findings: Finding[] = []
  for (const host of ledger.site.hosts) {
    const here = ledger.placements.filter(
      (placement) => placement.clusterUid === clusterUid && placement.host === host.name,
    )
    const capacity = hostCapacity(host, ledger)
    if (here.length === 0 || !capacity) continue
    const arithmetic = `${sayShare(capacity.cpu, 'cpu')}; ${sayShare(capacity.memoryMiB, 'memory')}`
    const exact = capacity.cpu.free === 0 && capacity.memoryMiB.free === 0
    findings.push({
      code: exact ? 'fits-exactly' : 'fits',
      text: exact
        ? `It fits exactly: nothing is left on ${host.name} (${arithmetic}).`
        : `It fits on ${host.name} (${arithmetic}).`,
      facts: { host: host.name, cpuFree: capacity.cpu.free, memoryFreeMiB: capacity.memoryMiB.free },
    })
    if (here.length > 1)
      findings.push({
        code: 'control-planes-share-host',
        text: `${here.length} control planes share ${host.name}: if it fails, etcd loses ${here.length} members at once.`,
        facts: { host: host.name, machines: here.map((placement) => placement.name) },
      })
  }
  return findings
}
