import { ok, type Result } from '#core/base/result.ts'
import type { OperationInput } from '#core/model/operation.ts'
import type { Problem } from '#core/model/problem.ts'
import type { HandlerDeps } from './deps.ts'
import type { HandlerContext, OperationHandler } from './handler.ts'
import { leaveEtcd } from './leave-etcd.ts'
import { removeGuest } from './remove-guest.ts'
import { waitFor } from './waiting.ts'

/**
 * A machine leaves its cluster and its host, and its absence is proven.
 *
 *   P7   The guest is stopped and destroyed only while its UUID and MAC prove it ours; one that is not is left alone.
 *   P11  Nodes that do not answer cost a limited time, and what they left behind is reported.
 *
 * Safe to run again: a machine that is absent is a success. Problems: provider-unreachable, provider-busy, task-failed
 * (later); not-ours (never; a guest carries half of the identity, or none that may be read).
 */
export const removeMachine =
  (deps: HandlerDeps): OperationHandler<'machine.remove'> =>
  async (input, context) => {
    const leftovers: string[] = []
    const survives = input.peers.length > 0
    if (survives && input.role === 'controlplane' && input.secretsVersion !== undefined) {
      const identity = await deps.secrets.talosIdentity(input.clusterUid, input.secretsVersion)
      if (!identity.ok) return identity
      const left = await leaveEtcd(deps, input, identity.value, context)
      if (!left.ok) return left
      leftovers.push(...left.value)
    }

    const gone = await removeGuest(deps, input, context)
    if (!gone.ok) return gone
    leftovers.push(...gone.value)

    if (survives && input.secretsVersion !== undefined) {
      const deleted = await deleteNode(deps, input, input.secretsVersion, context)
      if (!deleted.ok) return deleted
      leftovers.push(...deleted.value)
    }
    return ok({ leftovers })
  }

type Input = OperationInput<'machine.remove'>

/** The rest of the cluster may just be electing a leader. */
const NODE_DELETED = { what: 'Kubernetes to delete the node', limitMs: 60_000, everyMs: 3_000 }

async function deleteNode(
  { kubernetes, secrets }: HandlerDeps,
  input: Input,
  secretsVersion: number,
  context: HandlerContext,
): Promise<Result<readonly string[], Problem>> {
  const identity = await secrets.kubernetesIdentity(input.clusterUid, secretsVersion)
  if (!identity.ok) return identity
  context.progress('deleting the node')
  const client = kubernetes.connect(`https://${input.vip}:6443`, identity.value)
  try {
    const deleted = await waitFor(context, NODE_DELETED, async () => {
      const answer = await client.deleteNode(input.name)
      if (answer.ok) return answer
      return answer.error.code === 'outcome-unknown' ? ok(undefined) : answer
    })
    if (deleted.ok) return ok([])
    return deleted.error.code === 'cancelled'
      ? deleted
      : ok([`node ${input.name}: the Kubernetes API did not delete it`])
  } finally {
    await client.close()
  }
}
