import type { Placement } from '../model/placement.ts'
import type { Finding } from '../model/status.ts'
import { hostCapacity, sayShare } from './capacity.ts'
import type { Ledger } from './ledger.ts'

/** What is worth knowing about where a cluster's machines are; the ledger already holds their placements. */
export function placementFindings(clusterUid: string, ledger: Ledger): readonly Finding[] {
  const own = ledger.placements.filter((placement) => placement.clusterUid === clusterUid)
  const controlPlanes = own.filter(({ role }) => role === 'controlplane')
  return [
    ...ledger.site.hosts.flatMap(({ name }) => hostFindings(name, own, controlPlanes, ledger)),
    ...sharedStorageFindings(controlPlanes, ledger),
  ]
}

function hostFindings(
  name: string,
  own: readonly Placement[],
  controlPlanes: readonly Placement[],
  ledger: Ledger,
): readonly Finding[] {
  const spec = ledger.site.hosts.find((host) => host.name === name)
  const capacity = spec && hostCapacity(spec, ledger)
  if (!capacity || !own.some(({ host }) => host === name)) return []
  const arithmetic = `${sayShare(capacity.cpu, 'cpu')}; ${sayShare(capacity.memoryMiB, 'memory')}`
  const exact = capacity.cpu.free === 0 && capacity.memoryMiB.free === 0
  const fits: Finding = {
    code: exact ? 'fits-exactly' : 'fits',
    text: exact
      ? `It fits exactly: nothing is left on ${name} (${arithmetic}).`
      : `It fits on ${name} (${arithmetic}).`,
    facts: { host: name, cpuFree: capacity.cpu.free, memoryFreeMiB: capacity.memoryMiB.free },
  }
  const here = controlPlanes.filter(({ host }) => host === name)
  return [fits, ...sharedHostFinding(name, here), ...quorumFinding(name, here, controlPlanes, ledger)]
}

function sharedHostFinding(name: string, here: readonly Placement[]): readonly Finding[] {
  if (here.length < 2) return []
  return [
    {
      code: 'control-planes-share-host',
      text: `${here.length} control planes share ${name}: if it fails, etcd loses ${here.length} members at once.`,
      facts: { host: name, machines: here.map((placement) => placement.name) },
    },
  ]
}

/** N+1: whether etcd keeps its quorum when the host dies. On a site of one host there is nothing to choose. */
function quorumFinding(
  name: string,
  here: readonly Placement[],
  controlPlanes: readonly Placement[],
  { site }: Ledger,
): readonly Finding[] {
  const staying = controlPlanes.length - here.length
  const quorum = Math.floor(controlPlanes.length / 2) + 1
  if (site.hosts.length < 2 || controlPlanes.length < 2 || here.length === 0 || staying >= quorum) return []
  return [
    {
      code: 'host-failure-costs-quorum',
      text: `If ${name} fails, ${staying} of ${controlPlanes.length} control planes stay, and etcd needs ${quorum}: the cluster would stand still.`,
      facts: { host: name, stayingCount: staying, quorum },
    },
  ]
}

function sharedStorageFindings(controlPlanes: readonly Placement[], { seen }: Ledger): readonly Finding[] {
  const shared = new Set(seen.storages.filter((storage) => storage.shared).map(({ name }) => name))
  return [...shared].flatMap((name): readonly Finding[] => {
    const on = controlPlanes.filter(({ disks }) => disks.some(({ storage }) => storage === name))
    // Several on one host fail together for its sake already.
    if (new Set(on.map(({ host }) => host)).size < 2) return []
    return [
      {
        code: 'control-planes-share-storage',
        text: `${on.length} control planes have their disks on ${name}: if it fails, etcd loses ${on.length} members at once.`,
        facts: { storage: name, machines: on.map((placement) => placement.name) },
      },
    ]
  })
}
