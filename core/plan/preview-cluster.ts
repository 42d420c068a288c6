import { hostCapacity, type HostCapacity } from '../placement/capacity.ts'
import { placementFindings } from '../placement/findings.ts'
import type { Ledger } from '../placement/ledger.ts'
import { place } from '../placement/place.ts'
import { mintMachineId } from '../model/ids.ts'
import type { NetworkSpec } from '../model/network.ts'
import type { Placement } from '../model/placement.ts'
import type { SiteSeen } from '../model/seen.ts'
import type { ClusterDocuments } from './documents.ts'
import { reconcileMachines, requestFor, type RememberedMachine } from './machines.ts'
import { plan } from './plan.ts'
import type { Plan } from './plan-type.ts'

/** What a dry run can know: the documents as they would be, the ledger of the site, and what the cluster remembers. */
export interface PreviewInput {
  readonly now: number
  readonly documents: ClusterDocuments
  readonly networks: Readonly<Record<string, NetworkSpec>>
  readonly ledger: {
    readonly placements: readonly Placement[]
    readonly seen: SiteSeen
    readonly seenAt: number | undefined
    readonly online: boolean
  }
  readonly memory: { readonly bootstrapped: boolean; readonly machines: readonly RememberedMachine[] } | undefined
  readonly random: (bytes: number) => Uint8Array
}

export interface ClusterPreview {
  readonly plan: Plan
  readonly capacity: readonly HostCapacity[]
}

/** Placement and the first plan, without writing anything anywhere. */
export function previewCluster(input: PreviewInput): ClusterPreview {
  const { documents, memory } = input
  const ledger: Ledger = {
    site: documents.site.spec,
    networks: input.networks,
    placements: input.ledger.placements,
    seen: input.ledger.seen,
  }
  const machines = reconcileMachines(memory?.machines ?? [], documents, memory?.bootstrapped ?? false, () =>
    mintMachineId(input.random(16)),
  )
  const wanted = machines.filter((machine) => machine.wanted)
  const answer = place(
    documents.cluster.uid,
    wanted.map((machine) => requestFor(machine, documents)),
    ledger,
    input.random,
  )
  const known = new Set(ledger.placements.map((placement) => placement.machineId))
  const fresh = answer.ok ? answer.placements.filter((placement) => !known.has(placement.machineId)) : []
  const after: Ledger = { ...ledger, placements: [...ledger.placements, ...fresh] }
  const seen = input.ledger.seen
  return {
    plan: plan({
      now: input.now,
      cluster: documents.cluster,
      site: documents.site,
      network: documents.network,
      machineClass: documents.machineClass,
      agent: input.ledger.online ? { online: true, since: input.now } : { online: false, since: undefined },
      seenAt: input.ledger.seenAt,
      secretsVersion: memory?.bootstrapped ? 1 : 0,
      bootstrap: undefined,
      machines: machines.map((machine) => ({
        ...machine,
        placement: after.placements.find((placement) => placement.machineId === machine.machineId),
        refusal: answer.ok
          ? undefined
          : answer.refusals.find((refusal) => refusal.machineId === machine.machineId)?.problem,
        seen: seen.machines.find((row) => row.machineId === machine.machineId),
        node: seen.nodes.find((row) => row.clusterUid === documents.cluster.uid && row.name === machine.name),
      })),
      operations: [],
      locks: [],
      holds: [],
      placementFindings: answer.ok ? placementFindings(documents.cluster.uid, after) : [],
    }),
    capacity: documents.site.spec.hosts.flatMap((host) => hostCapacity(host, after) ?? []),
  }
}
