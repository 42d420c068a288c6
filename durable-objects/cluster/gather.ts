import type { Finding } from '#core/model/status.ts'
import { invariant } from '#core/base/invariant.ts'
import { mintMachineId } from '#core/model/ids.ts'
import type { Problem } from '#core/model/problem.ts'
import { clashingAddresses } from '#core/plan/clash.ts'
import { askedByName, completeDocuments } from '#core/plan/documents.ts'
import { addressOfMachine, reconcileMachines, requestsFor } from '#core/plan/machines.ts'
import { sizesToReserve } from '#core/plan/resizing.ts'
import type { ClusterView } from '#core/plan/view.ts'
import { gatherCluster, type GatheredCluster } from '#db/gather.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import type { SeenAnswer } from '../ports.ts'
import { siteObject } from '../stubs.ts'
import type { ClusterStore } from './store.ts'

/** Everything a view needs from outside the object. Reading comes first; the view is made from it in one turn. */
export interface Gathered {
  readonly documents: GatheredCluster
  readonly seen: SeenAnswer
  /** By machine id. */
  readonly refusals: ReadonlyMap<string, Problem>
  /** By machine id: why its place does not grow. */
  readonly growthRefusals: ReadonlyMap<string, Problem>
}

/** What is seen of a site that there is not. */
export const UNSEEN: SeenAnswer = {
  agent: { online: false, since: undefined },
  seenAt: undefined,
  machines: [],
  nodes: [],
  unclear: {},
}

/** undefined when D1 holds no document of that uid. Safe to repeat; machines get their ids and placements on the way. */
export async function gather(env: RelayEnv, store: ClusterStore): Promise<Gathered | undefined> {
  const uid = store.uid
  invariant(uid !== undefined, 'a cluster is woken with its uid before it gathers')
  const documents = await gatherCluster(openDb(env.DB), uid)
  if (!documents) return undefined
  store.setName(documents.cluster.metadata.name)
  const siteUid = documents.site?.uid ?? store.siteUid
  if (siteUid === undefined) return { documents, seen: UNSEEN, refusals: new Map(), growthRefusals: new Map() }
  store.setSiteUid(siteUid)
  rememberMachines(store, documents)
  const refusals = await reserve(env, store, documents, siteUid)
  const seen = await siteObject(env, siteUid).seen(siteUid, uid)
  const growthRefusals = await resize(env, store, documents, siteUid, seen, refusals.size > 0)
  return { documents, seen, refusals, growthRefusals }
}

function rememberMachines(store: ClusterStore, documents: GatheredCluster): void {
  const deleting = documents.cluster.deletingAt !== undefined
  const complete = completeDocuments(documents)
  // A reference that is gone for a moment is no reason to let machines go.
  if (!deleting && !complete) return
  const remembered = store.machines.all().map((kept) => kept.machine)
  const mint = () => mintMachineId(crypto.getRandomValues(new Uint8Array(16)))
  store.machines.remember(
    reconcileMachines(remembered, deleting ? undefined : complete, store.bootstrap !== undefined, mint),
  )
}

/** Asks for a place for every wanted machine without one; answers why not. */
async function reserve(
  env: RelayEnv,
  store: ClusterStore,
  documents: GatheredCluster,
  siteUid: string,
): Promise<ReadonlyMap<string, Problem>> {
  const complete = completeDocuments(documents)
  if (!complete || documents.cluster.deletingAt !== undefined) return new Map()
  const wanted = store.machines.all().filter((kept) => kept.machine.wanted)
  if (wanted.every((kept) => kept.placement)) return new Map()
  // All wanted machines go along, placed ones too: what they are matters for how the others are spread.
  const machines = wanted.map((kept) => kept.machine)
  const requests = requestsFor(machines, complete, clashingAddresses(store.operations.forView()))
  const answer = await siteObject(env, siteUid).reserve(siteUid, complete.cluster.uid, requests)
  if (!answer.ok) return new Map(answer.refusals.map((refusal) => [refusal.machineId, refusal.problem]))
  store.machines.place(answer.placements)
  store.setPlacementFindings(answer.findings)
  return new Map()
}

/** Brings the places of machines to the size that is asked for; answers why not, machine by machine (P20). */
async function resize(
  env: RelayEnv,
  store: ClusterStore,
  documents: GatheredCluster,
  siteUid: string,
  seen: SeenAnswer,
  othersRefused: boolean,
): Promise<ReadonlyMap<string, Problem>> {
  const complete = completeDocuments(documents)
  if (!complete || documents.cluster.deletingAt !== undefined || seen.seenAt === undefined) return new Map()
  const requests = sizesToReserve(store.machines.all(), seen.machines, askedByName(complete), complete)
  // A wish that was taken back is told, too, so that the site no longer wakes the cluster for its sake.
  if (requests.length === 0 && !store.holds.some(({ code }) => code === 'growth-refused')) return new Map()
  const answer = await siteObject(env, siteUid).resize(siteUid, complete.cluster.uid, requests, othersRefused)
  store.machines.place(answer.placements)
  if (answer.findings) store.setPlacementFindings(answer.findings)
  return new Map(answer.refusals.map((refusal) => [refusal.machineId, refusal.problem]))
}

/** The frozen facts: what was gathered, and what the object remembers at this moment. Nothing here waits. */
export function toView(gathered: Gathered, store: ClusterStore, now: number): ClusterView {
  const { documents, seen, refusals, growthRefusals } = gathered
  const { online, since, trouble } = seen.agent
  const operations = store.operations.forView()
  return {
    now,
    cluster: documents.cluster,
    site: documents.site,
    networks: documents.networks,
    machineClasses: documents.machineClasses,
    agent: online ? { online, since: since ?? now, trouble } : { online, since },
    seenAt: seen.seenAt,
    secretsVersion: documents.secretsVersion,
    bootstrap: store.bootstrap,
    contract: store.contract,
    machines: store.machines.all().map(({ machine, placement }) => ({
      ...machine,
      address: addressOfMachine(machine, placement, operations),
      placement,
      refusal: refusals.get(machine.machineId),
      growthRefusal: growthRefusals.get(machine.machineId),
      seen: seen.machines.find((row) => row.machineId === machine.machineId),
      unclear: seen.unclear[machine.machineId],
      // A node of that name with another address belongs to an earlier machine.
      node: seen.nodes.find(
        (row) =>
          row.name === machine.name && ['', addressOfMachine(machine, placement, operations)].includes(row.address),
      ),
    })),
    operations,
    locks: store.locks.held(),
    holds: store.holds,
    placementFindings: [...store.placementFindings, ...revealedFinding(documents.revealedAt)],
  }
}

/** Whoever opened the bundle can act as anybody in the cluster until its authorities are new (K4). */
const revealedFinding = (at: number | undefined): readonly Finding[] =>
  at === undefined
    ? []
    : [
        {
          code: 'secrets-revealed',
          text: 'The secrets of the cluster were handed out with the recovery key; they count until its authorities are rotated.',
          facts: { at },
        },
      ]
