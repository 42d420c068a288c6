import { hostCapacity, type HostCapacity } from '../placement/capacity.ts'
import { placementFindings } from '../placement/findings.ts'
import type { Explanation } from '../placement/explain.ts'
import type { Ledger } from '../placement/ledger.ts'
import { place } from '../placement/place.ts'
import { resizePlacements } from '../placement/resize.ts'
import { mintMachineId } from '../model/ids.ts'
import { clashingAddresses } from './clash.ts'
import { askedByName, type ClusterDocuments } from './documents.ts'
import { addressOfMachine, reconcileMachines, requestsFor, type RememberedMachine } from './machines.ts'
import { plan } from './plan.ts'
import { sizesToReserve } from './resizing.ts'
import type { Plan } from './plan-type.ts'
import type { ClusterView } from './view.ts'

/** What an existing cluster remembers: what was done and is under way decides what would be next. */
export interface PreviewMemory extends Pick<ClusterView, 'bootstrap' | 'contract' | 'operations' | 'locks'> {
  readonly machines: readonly RememberedMachine[]
}

/** What a dry run can know: the documents as they would be, the ledger of the site, and what the cluster remembers. */
export interface PreviewInput {
  readonly now: number
  readonly documents: ClusterDocuments
  /** With the documents of the site as they would be. */
  readonly ledger: Ledger
  readonly seenAt: number | undefined
  readonly online: boolean
  readonly memory: PreviewMemory | undefined
  readonly random: (bytes: number) => Uint8Array
}

export interface ClusterPreview {
  readonly plan: Plan
  readonly capacity: readonly HostCapacity[]
  /** Of the machines that would be placed now. */
  readonly placement: readonly Explanation[]
}

/** Placement and the first plan, without writing anything anywhere. */
export function previewCluster(input: PreviewInput): ClusterPreview {
  const { documents, memory, ledger } = input
  const machines = reconcileMachines(memory?.machines ?? [], documents, memory?.bootstrap !== undefined, () =>
    mintMachineId(input.random(16)),
  )
  const wanted = machines.filter((machine) => machine.wanted)
  const avoid = clashingAddresses(memory?.operations ?? [])
  const answer = place(documents.cluster.uid, requestsFor(wanted, documents, avoid), ledger, input.random, {
    explaining: true,
  })
  const known = new Set(ledger.placements.map((placement) => placement.machineId))
  const fresh = answer.ok ? answer.placements.filter((placement) => !known.has(placement.machineId)) : []
  const { seen } = ledger
  const placed: Ledger = { ...ledger, placements: [...ledger.placements, ...fresh] }
  const sizes = resizePlacements(
    sizesToReserve(
      machines.map((machine) => ({
        machine,
        placement: placed.placements.find(({ machineId }) => machineId === machine.machineId),
      })),
      seen.machines,
      askedByName(documents),
      documents,
    ),
    placed,
  )
  const resized = new Map(sizes.placements.map((placement) => [placement.machineId, placement]))
  const after: Ledger = {
    ...placed,
    placements: placed.placements.map((placement) => resized.get(placement.machineId) ?? placement),
  }
  const placementOf = (machineId: string) => after.placements.find((placement) => placement.machineId === machineId)
  return {
    plan: plan({
      now: input.now,
      cluster: documents.cluster,
      site: documents.site,
      networks: documents.networks,
      machineClasses: documents.machineClasses,
      agent: input.online ? { online: true, since: input.now } : { online: false, since: undefined },
      seenAt: input.seenAt,
      secretsVersion: secretsVersionOf(memory),
      bootstrap: memory?.bootstrap,
      contract: memory?.contract,
      machines: machines.map((machine) => ({
        ...machine,
        address: addressOfMachine(machine, placementOf(machine.machineId)),
        placement: placementOf(machine.machineId),
        refusal: answer.ok
          ? undefined
          : answer.refusals.find((refusal) => refusal.machineId === machine.machineId)?.problem,
        growthRefusal: sizes.refusals.find((refusal) => refusal.machineId === machine.machineId)?.problem,
        seen: seen.machines.find((row) => row.machineId === machine.machineId),
        node: seen.nodes.find((row) => row.clusterUid === documents.cluster.uid && row.name === machine.name),
      })),
      operations: memory?.operations ?? [],
      locks: memory?.locks ?? [],
      holds: [],
      placementFindings: answer.ok ? placementFindings(documents.cluster.uid, after) : [],
    }),
    capacity: documents.site.spec.hosts.flatMap((host) => hostCapacity(host, after) ?? []),
    placement: answer.ok ? answer.explanations : [],
  }
}

/** The bundle is stored before the operation that made it counts as done. */
const secretsVersionOf = (memory: PreviewMemory | undefined): number =>
  Math.max(
    memory?.bootstrap ? 1 : 0,
    ...(memory?.operations ?? []).map(({ input, state }) =>
      'version' in input && state === 'succeeded' ? input.version : 0,
    ),
  )
