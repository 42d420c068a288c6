import { ok } from '#core/base/result.ts'
import type { Peer } from '#core/model/operation.ts'
import { checkClusterHealth, type ClusterMember } from '../talos/health.ts'
import type { HandlerDeps } from './deps.ts'
import type { OperationHandler } from './handler.ts'
import { waitFor } from './waiting.ts'

/**
 * The health gate: passes when every assertion holds in one round. Changes nothing, so it may be repeated at will.
 * Problem `deadline-passed` carries the check that did not hold.
 */
export const checkCluster =
  ({ talos, kubernetes, secrets }: HandlerDeps): OperationHandler<'cluster.check'> =>
  async (input, context) => {
    const talosIdentity = await secrets.talosIdentity(input.clusterUid, input.secretsVersion)
    if (!talosIdentity.ok) return talosIdentity
    const kubernetesIdentity = await secrets.kubernetesIdentity(input.clusterUid, input.secretsVersion)
    if (!kubernetesIdentity.ok) return kubernetesIdentity

    const toMember = ({ name, address }: Peer): ClusterMember => ({
      name,
      address,
      node: talos.connect(address, talosIdentity.value),
    })
    const controlPlanes = input.controlPlanes.map(toMember)
    const workers = input.workers.map(toMember)
    const client = kubernetes.connect(`https://${input.vip}:6443`, kubernetesIdentity.value)
    const { kubernetesVersion } = input
    try {
      const passed = await waitFor(context, PASSING, async () => {
        const round = await checkClusterHealth(
          { controlPlanes, workers, kubernetes: client, kubernetesVersion },
          context.signal,
        )
        if (!round.ok) context.progress(`checking: ${String(round.error.facts['check'] ?? '')}`)
        return round
      })
      return passed.ok ? ok({ passed: [...passed.value] }) : passed
    } finally {
      for (const member of [...controlPlanes, ...workers]) member.node.close()
      await client.close()
    }
  }

/** What `talosctl health` waits by default, less what a round takes. */
const PASSING = { what: 'the cluster to pass its checks', limitMs: 18 * 60_000, everyMs: 3_000 }
