import { isOpen } from '../model/operation.ts'
import type { Hold } from '../model/hold.ts'
import { byAddress, contractOf } from './ask.ts'
import { askedByName, completeDocuments, type ClusterDocuments } from './documents.ts'
import { inPlaceFindings } from './in-place-findings.ts'
import { leftBehind } from './left-behind.ts'
import type { Plan, PlannedOperation } from './plan-type.ts'
import type { Rule, Situation, Verdict } from './rule.ts'
import { agent } from './rules/agent.ts'
import { bootstrap } from './rules/bootstrap.ts'
import { check } from './rules/check.ts'
import { configure } from './rules/configure.ts'
import { create } from './rules/create.ts'
import { fixedSpec } from './rules/fixed-spec.ts'
import { images } from './rules/images.ts'
import { leave } from './rules/leave.ts'
import { locks, maintenanceLocks } from './rules/locks.ts'
import { placement } from './rules/placement.ts'
import { readdress } from './rules/readdress.ts'
import { references } from './rules/references.ts'
import { resize } from './rules/resize.ts'
import { secrets } from './rules/secrets.ts'
import { start } from './rules/start.ts'
import { stopWork } from './rules/stop-work.ts'
import { unclear } from './rules/unclear.ts'
import type { ClusterView } from './view.ts'
import { decide } from './wish.ts'

/**
 * The whole policy: what to do next, and a reason for everything that waits. Pure and level-triggered: it looks at what
 * is, never at what was asked before, so running it again on the same view changes nothing.
 */
const RULES: readonly Rule[] = [
  agent,
  locks,
  fixedSpec,
  stopWork,
  leave,
  placement,
  unclear,
  secrets,
  images,
  readdress,
  create,
  start,
  configure,
  bootstrap,
  resize,
  check,
]

/** News of an open operation can be lost with the object that carried it; this is how long nobody would notice. */
export const SAFETY_LOOK_MS = 2 * 60_000

export function plan(view: ClusterView): Plan {
  if (view.cluster.forgottenAt !== undefined) return forgetAll(view)
  const documents = completeDocuments(view)
  const situation = documents && situationOf(view, documents)
  const verdicts = situation ? verdictsOf(situation) : references(view)
  const mayAct = view.agent.online && view.seenAt !== undefined && maintenanceLocks(view).length === 0

  const operations: PlannedOperation[] = []
  const settled: Verdict[] = []
  let bootstrapPlan: Plan['bootstrap']
  for (const verdict of verdicts) {
    if (verdict.type !== 'do') settled.push(verdict)
    else if (mayAct) {
      const decided = decide(verdict, view)
      if ('instead' in decided) settled.push(...decided.instead)
      else {
        operations.push(decided.record)
        if (!view.bootstrap) bootstrapPlan ??= verdict.bootstrap
      }
    }
  }

  const contract = contractOf(view)
  const forget = unique(settled.flatMap((verdict) => (verdict.type === 'forget' ? [verdict.machineId] : [])))
  const lookAgainAt = earliest([
    // What follows from their being gone follows from no other news.
    ...(forget.length > 0 && view.cluster.deletingAt === undefined ? [view.now] : []),
    ...settled.flatMap((verdict) => (verdict.type === 'look-again' ? [verdict.at] : [])),
    ...(view.agent.online && view.operations.some((operation) => isOpen(operation.state))
      ? [view.now + SAFETY_LOOK_MS]
      : []),
    ...view.locks.flatMap((lock) =>
      lock.expiresAt !== undefined && lock.expiresAt > view.now ? [lock.expiresAt] : [],
    ),
  ])
  return {
    operations,
    cancel: unique(settled.flatMap((verdict) => (verdict.type === 'cancel' ? [verdict.operationId] : []))),
    forget,
    ...(bootstrapPlan ? { bootstrap: bootstrapPlan } : {}),
    ...(contract === view.contract ? {} : { contract }),
    holds: holdsOf(settled, view),
    findings: [...view.placementFindings, ...leftBehind(view), ...(situation ? inPlaceFindings(situation) : [])],
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
  }
}

/** The machines stay as they are; what is under way ends after its current step, and nobody waits for it. */
export const forgetAll = ({ operations, machines }: Pick<ClusterView, 'operations' | 'machines'>): Plan => ({
  operations: [],
  cancel: operations.flatMap(({ state, cancelling, operationId }) =>
    isOpen(state) && cancelling !== true ? [operationId] : [],
  ),
  forget: machines.map(({ machineId }) => machineId),
  holds: [],
  findings: [],
})

const verdictsOf = (situation: Situation): readonly Verdict[] => RULES.flatMap((rule) => rule(situation))

export function situationOf(view: ClusterView, documents: ClusterDocuments): Situation {
  const deleting = view.cluster.deletingAt !== undefined
  return {
    view,
    documents,
    contract: contractOf(view),
    deleting,
    asked: askedByName(documents),
    wanted: deleting ? [] : view.machines.filter((machine) => machine.wanted).toSorted(byAddress),
    leaving: view.machines.filter((machine) => deleting || !machine.wanted),
  }
}

/** One hold per code and subject; `since` survives from the previous plan. */
export function holdsOf(verdicts: readonly Verdict[], view: Pick<ClusterView, 'holds' | 'now'>): readonly Hold[] {
  const holds = new Map<string, Hold>()
  for (const verdict of verdicts) {
    if (verdict.type !== 'hold') continue
    const same = (hold: Hold) => hold.code === verdict.code && hold.subject === verdict.subject
    const since = view.holds.find(same)?.since ?? view.now
    const key = `${verdict.code} ${verdict.subject}`
    if (!holds.has(key)) holds.set(key, { code: verdict.code, subject: verdict.subject, facts: verdict.facts, since })
  }
  return [...holds.values()]
}

const earliest = (times: readonly number[]): number | undefined => (times.length === 0 ? undefined : Math.min(...times))
const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]
