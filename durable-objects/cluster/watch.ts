import type { ClusterView } from '#core/plan/view.ts'
import type { WatchPut } from '#core/protocol/watch-put.ts'

/** What the agent shall observe of a cluster: every machine with a place, leaving ones too; nothing once it is gone. */
export const toWatch = (view: ClusterView, forgotten: readonly string[]): WatchPut => ({
  type: 'watch.put',
  clusterUid: view.cluster.uid,
  clusterName: view.cluster.metadata.name,
  vip: view.cluster.spec.endpoint.vip,
  secretsVersion: view.secretsVersion,
  machines: view.machines.flatMap(({ machineId, name, role, address, placement }) =>
    placement && !forgotten.includes(machineId)
      ? [{ machineId, name, role, address, host: placement.host, vmid: placement.vmid }]
      : [],
  ),
})
