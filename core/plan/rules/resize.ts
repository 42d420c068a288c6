import { openOperations } from '../ask.ts'
import { restartRisk, slotTakenBy } from '../disruption.ts'
import { changesInPlace, type InPlace } from '../in-place.ts'
import { hold, wish, type Rule, type Situation, type Verdict } from '../rule.ts'

/**
 * Makes machines that are there what their documents say now, and changes back what somebody else changed where the owner
 * wants that.
 *
 *   P2  A control plane is restarted only while the healthy members that stay up are a quorum of all.
 *   P4  One restart at a time, and only while no other node is away: control planes first.
 *   P20 A machine grows only once its place holds what it grows to; a refusal is a hold with its arithmetic.
 *
 * What a running machine takes without a restart waits for nobody. Before etcd is bootstrapped machines are made anew.
 */
export const resize: Rule = (situation) => {
  const { view } = situation
  let taken: string | undefined
  return changesInPlace(situation).flatMap((change): readonly Verdict[] => {
    const { machine } = change
    const { name, machineId, growthRefusal } = machine
    const [other] = openOperations(view, machineId).filter(({ kind }) => kind !== 'machine.resize')
    if (other)
      return [hold('operation-running', name, { operationId: other.operationId, kind: other.kind, then: 'resize' })]
    if (growthRefusal) return [hold('growth-refused', name, { problem: growthRefusal.code, ...growthRefusal.facts })]
    if (!change.reserved) return [hold('growth-refused', name, { waitsFor: 'the site to answer' })]
    if (change.restart === 'never') return [changeOf(situation, change)]

    const away = taken ?? slotTakenBy(situation, machine)
    if (away !== undefined) return [hold('disruption-in-flight', name, { machine: away })]
    const risk = openOperations(view, machineId).length === 0 ? restartRisk(view, machine) : undefined
    if (risk) return [hold('etcd-quorum-at-risk', name, { machineId, ...risk })]
    taken = name
    return [changeOf(situation, change)]
  })
}

function changeOf({ view, documents }: Situation, { machine, hardware, restart }: InPlace): Verdict {
  const { cluster } = documents
  const peers = view.machines.filter((other) => other !== machine && other.role === 'controlplane' && other.seen?.etcd)
  return wish('machine.resize', machine.machineId, machine.name, {
    machineId: machine.machineId,
    name: machine.name,
    host: machine.placement!.host,
    vmid: machine.placement!.vmid,
    clusterUid: cluster.uid,
    clusterName: cluster.metadata.name,
    guestAgent: (cluster.spec.talos.extensions ?? []).some((extension) => extension.endsWith('qemu-guest-agent')),
    hardware,
    restart,
    dropTags: (machine.seen?.shape?.tags ?? []).filter((tag) => !hardware.tags.includes(tag)),
    role: machine.role,
    address: machine.address,
    ...(machine.seen?.intentHash !== undefined && view.secretsVersion > 0
      ? { secretsVersion: view.secretsVersion }
      : {}),
    peers:
      machine.role === 'controlplane'
        ? peers.map(({ machineId, name, address }) => ({ machineId, name, address }))
        : [],
  })
}
