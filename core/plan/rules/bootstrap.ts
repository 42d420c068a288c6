import { isMember, succeeded } from '../ask.ts'
import { hold, wish, type Rule } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Starts etcd.
 *
 *   P3  etcd is bootstrapped exactly once, on one node, under a stored lock.
 *
 * The first control plane by address that has its configuration is chosen, and the choice is stored with the operation:
 * from then on only that node is ever asked again, whatever became of the answer.
 */
export const bootstrap: Rule = ({ view, documents, wanted, deleting }) => {
  if (deleting || view.secretsVersion === 0) return []
  const controlPlanes = wanted.filter((machine) => machine.role === 'controlplane')
  if (view.machines.some(isMember) || succeeded(view, 'etcd.bootstrap', documents.cluster.uid)) return []

  const chosen = view.bootstrap
    ? view.machines.find((machine) => machine.machineId === view.bootstrap?.machineId)
    : controlPlanes.find((machine) => machine.seen?.intentHash !== undefined)
  // Chosen is chosen: one that is to leave by now starts etcd all the same, and leaves when others carry it.
  if (chosen?.seen?.intentHash === undefined)
    return [
      hold('waiting-for-bootstrap', documents.cluster.metadata.name, {
        node: chosen?.name ?? 'first configured control plane',
      }),
    ]

  const peer = (machine: MachineView) => ({
    machineId: machine.machineId,
    name: machine.name,
    address: machine.address,
  })
  const founders = view.bootstrap?.founders ?? controlPlanes.map((machine) => machine.machineId)
  return [
    wish(
      'etcd.bootstrap',
      documents.cluster.uid,
      chosen.name,
      {
        ...peer(chosen),
        clusterUid: documents.cluster.uid,
        secretsVersion: view.secretsVersion,
        peers: view.machines
          .filter(
            (machine) => machine.role === 'controlplane' && machine !== chosen && founders.includes(machine.machineId),
          )
          .map(peer),
      },
      { machineId: chosen.machineId, founders },
    ),
  ]
}
