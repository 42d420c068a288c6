import { hashOf, type Json } from '#core/base/canonical-json.ts'
import { mintMachineId } from '#core/model/ids.ts'
import type { Problem } from '#core/model/problem.ts'
import { clashingAddresses } from '#core/plan/clash.ts'
import { addressOfMachine } from '#core/plan/machines.ts'
import { planStandAlone } from '#core/plan/stand-alone/plan.ts'
import { standAloneStatus } from '#core/plan/stand-alone/status.ts'
import {
  completeStandAlone,
  reconcileStandAlone,
  requestOf,
  type GatheredMachine,
  type StandAloneView,
} from '#core/plan/stand-alone/view.ts'
import { gatherMachine } from '#db/gather-machine.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '../env.ts'
import type { SeenAnswer } from '../ports.ts'
import { siteObject } from '../stubs.ts'
import { UNSEEN } from './gather.ts'
import type { Look } from './look.ts'
import type { ClusterStore } from './store.ts'

/** A managed machine is to its object what a cluster is: the same rows, the same mail, another plan. */
export async function lookAtMachine(env: RelayEnv, store: ClusterStore, uid: string): Promise<Look | undefined> {
  const gathered = await gatherMachine(openDb(env.DB), uid)
  if (!gathered) return undefined
  const { machine, site } = gathered
  store.setName(machine.metadata.name)
  const siteUid = site?.uid ?? store.siteUid
  if (siteUid === undefined) return toLook(gathered, UNSEEN, new Map(), store)
  store.setSiteUid(siteUid)
  remember(store, gathered)
  const refusals = await reserve(env, store, gathered, siteUid)
  return toLook(gathered, await siteObject(env, siteUid).seen(siteUid, uid), refusals, store)
}

function remember(store: ClusterStore, gathered: GatheredMachine): void {
  const deleting = gathered.machine.deletingAt !== undefined
  const complete = completeStandAlone(gathered)
  // A reference that is gone for a moment is no reason to let the machine go.
  if (!deleting && !complete) return
  const remembered = store.machines.all().map(({ machine }) => machine)
  const mint = () => mintMachineId(crypto.getRandomValues(new Uint8Array(16)))
  const made = store.status?.bootstrapped === true
  store.machines.remember(reconcileStandAlone(remembered, deleting ? undefined : complete, made, mint))
}

async function reserve(
  env: RelayEnv,
  store: ClusterStore,
  gathered: GatheredMachine,
  siteUid: string,
): Promise<ReadonlyMap<string, Problem>> {
  const complete = completeStandAlone(gathered)
  const kept = store.machines.all()
  const waiting = kept.find(({ machine, placement }) => machine.wanted && !placement)
  // What an earlier incarnation holds comes back first.
  if (!complete || !waiting || gathered.machine.deletingAt !== undefined || kept.length > 1) return new Map()
  const request = {
    ...requestOf(waiting.machine.machineId, complete),
    avoid: [...clashingAddresses(store.operations.forView())],
  }
  const answer = await siteObject(env, siteUid).reserve(siteUid, gathered.machine.uid, [request])
  if (!answer.ok) return new Map(answer.refusals.map(({ machineId, problem }) => [machineId, problem]))
  store.machines.place(answer.placements)
  return new Map()
}

function toLook(
  gathered: GatheredMachine,
  seen: SeenAnswer,
  refusals: ReadonlyMap<string, Problem>,
  store: ClusterStore,
): Look {
  const { machine } = gathered
  const now = Date.now()
  const { online, since } = seen.agent
  const view: StandAloneView = {
    ...gathered,
    now,
    agent: online ? { online, since: since ?? now } : { online, since },
    seenAt: seen.seenAt,
    machines: store.machines.all().map(({ machine: kept, placement }) => ({
      ...kept,
      address: addressOfMachine(kept, placement),
      placement,
      refusal: refusals.get(kept.machineId),
      seen: seen.machines.find((row) => row.machineId === kept.machineId),
      unclear: seen.unclear[kept.machineId],
      node: undefined,
    })),
    operations: store.operations.forView(),
    locks: store.locks.held(),
    holds: store.holds,
    placementFindings: [],
  }
  const next = planStandAlone(view)
  const watch = {
    type: 'watch.put' as const,
    clusterUid: machine.uid,
    clusterName: machine.metadata.name,
    vip: '',
    secretsVersion: 0,
    // Its address is not told: nothing of ours answers there.
    machines: view.machines.flatMap(({ machineId, name, role, placement }) =>
      placement && !next.forget.includes(machineId)
        ? [{ machineId, name, role, address: '', host: placement.host, vmid: placement.vmid }]
        : [],
    ),
  }
  return {
    kind: 'Machine',
    uid: machine.uid,
    name: machine.metadata.name,
    generation: machine.generation,
    deleting: machine.deletingAt !== undefined,
    now,
    plan: next,
    status: standAloneStatus(view, next),
    watch,
    watchHash: hashOf(watch as unknown as Json),
  }
}
