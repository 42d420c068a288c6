import { err, ok, type Result } from '#core/base/result.ts'
import { toDrainOrder } from '#core/model/drain.ts'
import type { OperationInput } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { BoundPod } from '../kubernetes/bound-pods.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import type { HandlerContext } from './handler.ts'
import { waitFor } from './waiting.ts'

/**
 * The pods of a node leave before its machine does.
 *
 *   O30  It is cordoned, and every pod that can run elsewhere is evicted as its budget allows, in a limited time.
 *   P11  A node that does not answer, and an API that does not, cost a limited time; what was left is told.
 *
 * Pods of a DaemonSet would come back at once, mirror pods go with the node, and finished ones carry nothing. What nobody
 * will make again and what an emptyDir held is lost with the machine either way, so such pods are evicted like the rest.
 * Answers what stayed behind. Problem `drain-blocked` (later): pods stayed, and the order does not say to go on without
 * them. Safe to run again.
 */
export async function drainNode(
  client: KubernetesClient,
  input: OperationInput<'machine.remove'>,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const { name } = input
  const cordoned = await cordon(client, input, context)
  if (!cordoned.ok)
    return goOn(cordoned.error, `node ${name}: it was not drained, the Kubernetes API did not cordon it`)
  if (cordoned.value === 'absent') return ok([])

  const { timeoutS, force } = input.drain ?? toDrainOrder()
  const limit = { what: `the pods of ${name} to leave`, limitMs: timeoutS * 1_000, everyMs: ROUND_MS }
  const round = evictions(client, name, context)
  context.steps.intend(EVICT, 'idempotent')
  const left = await waitFor(context, limit, () => round.run())
  if (left.ok) {
    context.steps.done(EVICT, left.value)
    return ok([])
  }
  const staying = round.staying()
  if (left.error.code !== 'deadline-passed' || staying.length === 0)
    return goOn(left.error, `node ${name}: its pods were not seen to leave (${left.error.code})`)
  const told = staying.map(({ pod, reason }) => `${pod.namespace}/${pod.name}${reason ? `: ${reason}` : ''}`)
  if (force)
    return ok([`pods of node ${name}: ${told.length} did not leave in ${timeoutS} s, ${told[0]}`.slice(0, 256)])
  const facts = { node: name, podCount: told.length, timeoutS, reason: told[0]!, faults: told.slice(0, MAX_TOLD) }
  return err(problem('drain-blocked', facts, left.error.cause))
}

/** Gives the node back to the scheduler if it was the removal of this machine that took it away. Best effort. */
export async function uncordonNode(
  client: KubernetesClient,
  { name, machineId }: OperationInput<'machine.remove'>,
  { log }: HandlerContext,
): Promise<void> {
  // The operation may have been called off, and this is no part of it: nobody's signal ends it.
  for (let attempt = 0; attempt < UNCORDON_ATTEMPTS; attempt++) {
    const given = await client.uncordon(name, machineId)
    if (given.ok) return
    log.warn({ event: 'node.not-uncordoned', node: name, problem: given.error })
  }
}

const CORDON = 'cordon'
const EVICT = 'evict'
const ROUND_MS = 2_000
/** A single control plane restarts its API within two minutes. */
const CORDONED = { what: 'Kubernetes to cordon the node', limitMs: 2 * 60_000, everyMs: 3_000 }
/** A kubelet that restarts is ready again within a minute; one that is not will not shut any pod down. */
const SILENT_MS = 60_000
/** What kubectl waits after a refusal that names no time. */
const RETRY_AFTER_S = 5
const UNCORDON_ATTEMPTS = 3
/** In a hold; the whole list is one `kubectl get pods` away. */
const MAX_TOLD = 5

/** An operation that is to end, ends; whatever else stands between us and the node does not keep its machine. */
const goOn = (why: Problem, leftover: string): Result<readonly string[], Problem> =>
  why.code === 'cancelled' ? err(why) : ok([leftover])

function cordon(
  client: KubernetesClient,
  { name, machineId }: OperationInput<'machine.remove'>,
  context: HandlerContext,
): Promise<Result<'cordoned' | 'absent', Problem>> {
  context.progress('cordoning the node')
  context.steps.intend(CORDON, 'idempotent')
  return waitFor(context, CORDONED, async () => {
    const set = await client.cordon(name, machineId, context.signal)
    if (!set.ok) return set.error.code === 'outcome-unknown' ? ok(undefined) : set
    context.steps.done(CORDON)
    return ok(set.value === 'absent' ? ('absent' as const) : ('cordoned' as const))
  })
}

interface Staying {
  readonly pod: BoundPod
  /** Why it was not let go; absent while it shuts down, or was not asked yet. */
  readonly reason: string | undefined
}

/** One look after the other at what is still there. A refused pod is asked again when the server says so, not before. */
function evictions(client: KubernetesClient, name: string, context: HandlerContext) {
  const { signal } = context
  const refusals = new Map<string, { readonly reason: string; readonly againAtMs: number }>()
  let pods: readonly BoundPod[] = []
  let elapsedMs = -ROUND_MS
  let silentMs = 0

  async function evict(pod: BoundPod): Promise<void> {
    const asked = await client.evictPod(pod, signal)
    if (asked.ok && asked.value.is !== 'refused') {
      refusals.delete(pod.uid)
      return
    }
    const said = asked.ok && asked.value.is === 'refused' ? asked.value : undefined
    const reason = said?.reason ?? String((asked.ok ? undefined : asked.error.facts['reason']) ?? '')
    refusals.set(pod.uid, { reason, againAtMs: elapsedMs + (said?.retryAfterS ?? RETRY_AFTER_S) * 1_000 })
  }

  return {
    staying: (): readonly Staying[] => pods.map((pod) => ({ pod, reason: refusals.get(pod.uid)?.reason })),
    async run(): Promise<Result<'empty' | 'silent' | undefined, Problem>> {
      elapsedMs += ROUND_MS
      const node = await client.findNode(name, signal)
      if (!node.ok) return node
      if (node.value === 'absent') return ok('empty')
      silentMs = node.value.ready ? 0 : silentMs + ROUND_MS
      if (silentMs > SILENT_MS) return ok('silent')
      const bound = await client.listPodsOn(name, signal)
      if (!bound.ok) return bound
      pods = bound.value.filter(mustLeave)
      if (pods.length === 0) return ok('empty')
      context.progress(sayPods(pods))
      for (const pod of pods) {
        if (signal.aborted) return ok(undefined)
        if (!pod.isLeaving && (refusals.get(pod.uid)?.againAtMs ?? elapsedMs) <= elapsedMs) await evict(pod)
      }
      return ok(undefined)
    },
  }
}

const FINISHED: readonly string[] = ['Succeeded', 'Failed']
const mustLeave = ({ controller, isMirror, phase }: BoundPod): boolean =>
  controller !== 'DaemonSet' && !isMirror && !FINISHED.includes(phase)

/** `evicting 3 pods, 1 unmanaged, 2 with emptyDir`. */
function sayPods(pods: readonly BoundPod[]): string {
  const unmanaged = pods.filter(({ controller }) => controller === undefined).length
  const local = pods.filter(({ hasEmptyDir }) => hasEmptyDir).length
  return [
    `evicting ${pods.length} ${pods.length === 1 ? 'pod' : 'pods'}`,
    ...(unmanaged > 0 ? [`${unmanaged} unmanaged`] : []),
    ...(local > 0 ? [`${local} with emptyDir`] : []),
  ].join(', ')
}
