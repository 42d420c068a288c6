import { mintMachineId } from '../../model/ids.ts'
import { hostCapacity } from '../../placement/capacity.ts'
import { place } from '../../placement/place.ts'
import { clashingAddresses } from '../clash.ts'
import { addressOfMachine } from '../machines.ts'
import type { ClusterPreview, PreviewInput } from '../preview-cluster.ts'
import { planStandAlone } from './plan.ts'
import { isMade } from './status.ts'
import { reconcileStandAlone, requestOf, type StandAloneDocuments } from './view.ts'

export interface MachinePreviewInput extends Omit<PreviewInput, 'documents'> {
  readonly documents: StandAloneDocuments
}

/** Where a managed machine would go and what would be done first, without writing anything anywhere. */
export function previewStandAlone(input: MachinePreviewInput): ClusterPreview {
  const { documents, memory, ledger, random } = input
  const { machine } = documents
  const operations = memory?.operations ?? []
  const seenOf = (id: string) => ledger.seen.machines.find(({ machineId }) => machineId === id)
  const viewed = (memory?.machines ?? []).map((kept) => ({
    ...kept,
    placement: undefined,
    refusal: undefined,
    seen: seenOf(kept.machineId),
    node: undefined,
  }))
  const kept = reconcileStandAlone(memory?.machines ?? [], documents, isMade({ machines: viewed, operations }), () =>
    mintMachineId(random(16)),
  )
  // What an earlier incarnation holds comes back first.
  const waiting = kept.length === 1 ? kept.filter(({ wanted }) => wanted) : []
  const requests = waiting.map(({ machineId }) => ({
    ...requestOf(machineId, documents),
    avoid: [...clashingAddresses(operations)],
  }))
  const answer = place(machine.uid, requests, ledger, random, { explaining: true })
  const known = new Set(ledger.placements.map(({ machineId }) => machineId))
  const fresh = answer.ok ? answer.placements.filter(({ machineId }) => !known.has(machineId)) : []
  const after = { ...ledger, placements: [...ledger.placements, ...fresh] }
  return {
    plan: planStandAlone({
      ...documents,
      now: input.now,
      agent: input.online ? { online: true, since: input.now } : { online: false, since: undefined },
      seenAt: input.seenAt,
      machines: kept.map((remembered) => {
        const placement = after.placements.find(({ machineId }) => machineId === remembered.machineId)
        return {
          ...remembered,
          address: addressOfMachine(remembered, placement),
          placement,
          refusal: answer.ok
            ? undefined
            : answer.refusals.find(({ machineId }) => machineId === remembered.machineId)?.problem,
          seen: seenOf(remembered.machineId),
          node: undefined,
        }
      }),
      operations,
      locks: memory?.locks ?? [],
      holds: [],
      placementFindings: [],
    }),
    capacity: documents.site.spec.hosts.flatMap((host) => hostCapacity(host, after) ?? []),
    placement: answer.ok ? answer.explanations : [],
  }
}
