import { create } from '@bufbuild/protobuf'
import { durationMs } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect'
import type { TalosCluster } from '../cluster.ts'
import { healthConditions } from '../health.ts'
import type { TalosNode } from '../node.ts'
import { ClusterService, HealthCheckProgressSchema, type ClusterInfo } from '../proto/cluster_pb.js'

/** Between two looks at a condition, in lab time. */
const POLL_MS = 5_000
/** When the caller sets no limit. */
const WAIT_MS = 20 * 60_000

/** Goes through the health list on a control plane, telling each line as it changes. */
export function clusterService(router: ConnectRouter, node: TalosNode): void {
  router.service(ClusterService, {
    async *healthCheck({ waitTimeout, clusterInfo }, context) {
      const { cluster } = node
      if (!cluster || !node.config?.controlPlane)
        throw new ConnectError('health check is only available on control plane nodes', Code.Unavailable)
      const say = (message: string) => create(HealthCheckProgressSchema, { message })
      // The limit is the caller's own, in the time of its clock; the lab's clock runs ahead of that.
      const deadline = node.world.time.now() + (waitTimeout ? durationMs(waitTimeout) : WAIT_MS)
      const signal = AbortSignal.any([context.signal, node.signal])
      const nodes = nodesOf(cluster, clusterInfo)
      const addresses = nodes.found.map((one) => `"${one.address}"`)
      yield say(`discovered nodes: [${addresses.join(' ')}]`)
      if (nodes.unknown.length > 0)
        throw new ConnectError(`no node with address ${nodes.unknown.join(', ')}`, Code.InvalidArgument)
      for (const { name, unmet } of healthConditions(cluster, nodes.found)) {
        let said = ''
        yield say(`waiting for ${name}: ...`)
        for (;;) {
          const reason = unmet()
          if (reason === undefined) break
          if (reason !== said) yield say(`waiting for ${name}: ${reason}`)
          said = reason
          if (node.world.time.now() > deadline)
            throw new ConnectError(`${name}: ${reason}: context deadline exceeded`, Code.DeadlineExceeded)
          await node.world.time.pass(POLL_MS, signal)
          if (signal.aborted) throw new ConnectError('error reading from server: EOF', Code.Unavailable)
        }
        yield say(`waiting for ${name}: OK`)
      }
    },
  })
}

/** The nodes the caller named by address, or all that the cluster knows of. */
function nodesOf(
  cluster: TalosCluster,
  info: ClusterInfo | undefined,
): { readonly found: readonly TalosNode[]; readonly unknown: readonly string[] } {
  const named = [...(info?.controlPlaneNodes ?? []), ...(info?.workerNodes ?? [])]
  const all = [...cluster.nodes].sort((a, b) => (a.hostname < b.hostname ? -1 : 1))
  if (named.length === 0) return { found: all, unknown: [] }
  const has = (node: TalosNode, address: string) =>
    node.links.some((link) => link.addresses.some((one) => one.startsWith(`${address}/`)))
  return {
    found: all.filter((node) => named.some((address) => has(node, address))),
    unknown: named.filter((address) => !all.some((node) => has(node, address))),
  }
}
