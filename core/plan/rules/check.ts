import { isReady, sayUnready } from '../ask.ts'
import { hold, wish, type Rule } from '../rule.ts'
import { keyOf } from '../wish.ts'

/** The gate at the end of a creation or a change: when every machine is seen ready, the health assertions must all hold. */
export const check: Rule = ({ view, documents, wanted, leaving, deleting }) => {
  if (deleting) return []
  // Whoever has no place yet says so itself.
  const unready = wanted.filter((machine) => machine.placement && !isReady(machine))
  if (unready.length > 0)
    return [
      hold('waiting-for-nodes', documents.cluster.metadata.name, {
        machines: unready.map((machine) => machine.name),
        missing: unready.map((machine) => `${machine.name}: ${sayUnready(machine)}`),
      }),
    ]
  if (leaving.length > 0 || wanted.some((machine) => !machine.placement)) return []

  const peer = ({ machineId, name, address }: (typeof wanted)[number]) => ({ machineId, name, address })
  const gate = wish('cluster.check', documents.cluster.uid, documents.cluster.metadata.name, {
    clusterUid: documents.cluster.uid,
    secretsVersion: view.secretsVersion,
    vip: documents.cluster.spec.endpoint.vip,
    kubernetesVersion: documents.cluster.spec.kubernetes.version,
    controlPlanes: wanted.filter((machine) => machine.role === 'controlplane').map(peer),
    workers: wanted.filter((machine) => machine.role === 'worker').map(peer),
  })
  // The gate was passed for exactly these machines; from here on observations alone say whether the cluster is ready.
  const key = keyOf(gate)
  const passed = view.operations.some((operation) => operation.key === key && operation.state === 'succeeded')
  return passed ? [] : [gate]
}
