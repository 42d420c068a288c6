import { err, ok, type Result } from '#core/base/result.ts'
import type { OperationInput, Peer } from '#core/model/operation.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import type { EtcdMember, TalosNode } from '../talos/node.ts'
import type { ClientIdentity } from '../vault/client-identity.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { cancelled, waitFor } from './waiting.ts'

/**
 * etcd starts for the first time, on exactly the node given.
 *
 *   P3  Bootstrapped exactly once: every control plane is asked for members first, right before the call again, and a
 *       lost answer is followed by looking at the same node, never by another one.
 *
 * Safe to run again: a cluster that has a member is only waited for. Problems: bootstrap-not-ready, node-unreachable,
 * deadline-passed (later); node-unauthorized, node-foreign (never).
 */
export const bootstrapEtcd =
  (deps: HandlerDeps): OperationHandler<'etcd.bootstrap'> =>
  async (input, context) => {
    const identity = await deps.secrets.talosIdentity(input.clusterUid, input.secretsVersion)
    if (!identity.ok) return identity
    const everybody = [input, ...input.peers.filter((peer) => peer.machineId !== input.machineId)]

    const before = await findMember(deps, everybody, identity.value, context)
    if (before) return ok({ memberId: before.id })
    const stopped = cancelled(context)
    if (stopped) return stopped

    const node = deps.talos.connect(input.address, identity.value)
    try {
      const started = await startOnce(deps, node, input, everybody, identity.value, context)
      if (!started.ok) return started
      context.progress('waiting for etcd')
      const member = await waitFor(context, HEALTHY, () => healthyMember(node, input, context.signal))
      return member.ok ? ok({ memberId: member.value }) : member
    } finally {
      node.close()
    }
  }

type Input = OperationInput<'etcd.bootstrap'>

/** The control plane pulls its images before etcd can be prepared. */
const PREPARED = { what: 'etcd to be ready for its first start', limitMs: 8 * 60_000, everyMs: 1_000 }
const HEALTHY = { what: 'etcd to be healthy', limitMs: 6 * 60_000, everyMs: 2_000 }

async function startOnce(
  deps: HandlerDeps,
  node: TalosNode,
  input: Input,
  everybody: readonly Peer[],
  identity: ClientIdentity,
  context: HandlerContext,
): Promise<Result<true, Problem>> {
  context.progress('waiting until etcd can be started')
  return waitFor(context, PREPARED, async () => {
    const who = await node.readIdentity(context.signal)
    if (!who.ok) return who
    if (who.value.uuid !== input.machineId)
      return err(problem('node-foreign', { address: input.address, machineId: input.machineId, uuid: who.value.uuid }))

    const services = await node.serviceList(context.signal)
    if (!services.ok) return services
    const etcd = services.value.find((service) => service.id === 'etcd')
    // Running: our own call got through, though its answer may have been lost.
    if (etcd?.state === 'Running') return ok(true)
    if (etcd?.state !== 'Preparing') return err(problem('bootstrap-not-ready', { state: etcd?.state ?? 'absent' }))

    // Re-read immediately before, because nothing takes the call back.
    if (await findMember(deps, everybody, identity, context)) return ok(true)
    if (context.signal.aborted) return err(problem('cancelled'))
    context.progress('starting etcd')
    context.steps.intend('bootstrap', 'irreversible')
    const answer = await node.bootstrap()
    // No answer: what this node shows next time decides whether it is asked again.
    if (!answer.ok) return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
    context.steps.done('bootstrap', answer.value)
    return ok(true)
  })
}

/** Any member that any control plane knows of. A node without etcd has nothing to say, and neither has one that is away. */
async function findMember(
  { talos }: HandlerDeps,
  everybody: readonly Peer[],
  identity: ClientIdentity,
  { signal }: HandlerContext,
): Promise<EtcdMember | undefined> {
  const answers = await Promise.all(
    everybody.map(async ({ address }) => {
      const node = talos.connect(address, identity)
      try {
        const members = await node.etcdMembers(signal)
        return members.ok ? members.value : []
      } finally {
        node.close()
      }
    }),
  )
  const [first] = answers.flat()
  return first
}

async function healthyMember(
  node: TalosNode,
  input: Input,
  signal: AbortSignal,
): Promise<Result<string | undefined, Problem>> {
  const members = await node.etcdMembers(signal)
  if (!members.ok) return members
  const own = members.value.find((member) => member.hostname === input.name || member.addresses.includes(input.address))
  const services = await node.serviceList(signal)
  if (!services.ok) return services
  const healthy = services.value.some((service) => service.id === 'etcd' && service.healthy)
  // A peer that was bootstrapped before us counts as well: there is one etcd, and this node joins it by itself.
  const member = own ?? (healthy ? members.value[0] : undefined)
  return ok(healthy && member && !member.learner ? member.id : undefined)
}
