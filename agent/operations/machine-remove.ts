import { ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import type { Problem } from '#core/model/problem.ts'
import type { KubernetesClient } from '../kubernetes/client.ts'
import type { AbortReason } from '../run/perform.ts'
import type { HandlerDeps } from './deps.ts'
import { drainNode, uncordonNode } from './drain-node.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { leaveEtcd } from './leave-etcd.ts'
import { removeGuest } from './remove-guest.ts'
import { waitFor } from './waiting.ts'

/**
 * A machine leaves its cluster and its host, and its absence is proven.
 *
 *   O30  While the cluster stays, pods leave first; a removal that does not go on leaves the node as it found it.
 *   P7   The guest is stopped and destroyed only while its UUID and MAC prove it ours; one that is not is left alone.
 *   P11  Nodes that do not answer cost a limited time, and what they left behind is reported.
 *
 * Safe to run again: a machine that is absent is a success. Problems: provider-unreachable, provider-busy, task-failed,
 * drain-blocked (later); not-ours (never; a guest carries half of the identity, or none that may be read).
 */
export const removeMachine =
  (deps: HandlerDeps): OperationHandler<'machine.remove'> =>
  async (input, context) => {
    const { secretsVersion } = input
    if (input.peers.length === 0 || secretsVersion === undefined) {
      const gone = await removeGuest(deps, input, context)
      return gone.ok ? ok({ leftovers: [...gone.value] }) : gone
    }
    const identity = await deps.secrets.kubernetesIdentity(input.clusterUid, secretsVersion)
    if (!identity.ok) return identity
    const kubernetes = deps.kubernetes.connect(`https://${input.vip}:6443`, identity.value)
    try {
      const drained = await drainNode(kubernetes, input, context)
      const left = drained.ok ? await leave(deps, input, secretsVersion, context) : drained
      if (!left.ok && isCalledOff(context, drained.ok)) await uncordonNode(kubernetes, input, context)
      if (!drained.ok) return drained
      if (!left.ok) return left
      const deleted = await deleteNode(kubernetes, input, context)
      return deleted.ok ? ok({ leftovers: [...drained.value, ...left.value, ...deleted.value] }) : deleted
    } finally {
      await kubernetes.close()
    }
  }

/** An agent that ends takes the removal up again; once drained, a failure is tried again as well. */
function isCalledOff({ signal }: HandlerContext, drained: boolean): boolean {
  const reason: unknown = signal.aborted ? signal.reason : undefined
  if (reason === ('stopping' satisfies AbortReason)) return false
  return !drained || reason === ('cancelled' satisfies AbortReason)
}

/** etcd, then the host. */
async function leave(
  deps: HandlerDeps,
  input: Input,
  secretsVersion: number,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const leftovers: string[] = []
  if (input.role === 'controlplane') {
    const identity = await deps.secrets.talosIdentity(input.clusterUid, secretsVersion)
    if (!identity.ok) return identity
    const left = await leaveEtcd(deps, input, identity.value, context)
    if (!left.ok) return left
    leftovers.push(...left.value)
  }
  const gone = await removeGuest(deps, input, context)
  return gone.ok ? ok([...leftovers, ...gone.value]) : gone
}

type Input = OperationInput<'machine.remove'>

/** The rest of the cluster may just be electing a leader. */
const NODE_DELETED = { what: 'Kubernetes to delete the node', limitMs: 60_000, everyMs: 3_000 }

async function deleteNode(
  kubernetes: KubernetesClient,
  input: Input,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  context.progress('deleting the node')
  const deleted = await waitFor(context, NODE_DELETED, async () => {
    const answer = await kubernetes.deleteNode(input.name)
    if (answer.ok) return answer
    return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
  })
  if (deleted.ok) return ok([])
  return deleted.error.code === 'cancelled' ? deleted : ok([`node ${input.name}: the Kubernetes API did not delete it`])
}
