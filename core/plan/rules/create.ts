import type { AskedMachine } from '../../model/cluster-machines.ts'
import type { Boot } from '../../model/hardware.ts'
import type { Placement } from '../../model/placement.ts'
import { clashesOnLan } from '../clash.ts'
import { addressingOf, hardwareFor } from '../hardware.ts'
import { intentFor } from '../intent.ts'
import { hold, wish, type Rule, type Situation, type Verdict } from '../rule.ts'
import type { MachineView } from '../view.ts'
import { imageReady } from './images.ts'

/**
 * Makes each placed machine that is not there yet, once its image is. A worker that takes over the name of another waits
 * until that one is gone: two of one name would be one node to Kubernetes.
 */
export const create: Rule = (situation) => {
  if (situation.deleting) return []
  const leavingWorkers = new Set(situation.leaving.filter(isWorker).map((machine) => machine.name))
  return situation.wanted
    .filter((machine) => machine.placement && isAbsent(machine))
    .filter((machine) => !clashesOnLan(situation.view, machine, situation.asked.get(machine.name)))
    .flatMap((machine): readonly Verdict[] => {
      const asked = situation.asked.get(machine.name)
      if (!asked) return []
      if (isWorker(machine) && leavingWorkers.has(machine.name))
        return [hold('waiting-for-machine', machine.name, { waitsFor: 'the earlier machine of that name to be gone' })]
      if (!imageReady(situation, machine))
        return [hold('waiting-for-machine', machine.name, { waitsFor: 'image', host: machine.placement!.host })]
      return [wish('machine.create', machine.machineId, machine.name, creationOf(situation, machine, asked))]
    })
}

const isWorker = ({ role }: MachineView): boolean => role === 'worker'

/** Not yet observed counts as absent: the handler looks by UUID before it makes anything. */
const isAbsent = (machine: MachineView): boolean => machine.seen === undefined || machine.seen.power === 'absent'

/** By what its host can do, which is decided with its place. */
const bootOf = ({ boot, imageStorage }: Placement): Boot =>
  boot === 'iso' ? { by: 'iso', isoStorage: imageStorage } : { by: 'image', imageStorage }

function creationOf({ documents, contract }: Situation, machine: MachineView, asked: AskedMachine) {
  const placement = machine.placement!
  const intent = intentFor(machine, asked, documents, contract)
  return {
    machineId: machine.machineId,
    name: machine.name,
    host: placement.host,
    vmid: placement.vmid,
    clusterUid: documents.cluster.uid,
    clusterName: documents.cluster.metadata.name,
    talosVersion: intent.talosVersion,
    schematicId: intent.schematicId,
    guestAgent: (documents.cluster.spec.talos.extensions ?? []).some((name) => name.endsWith('qemu-guest-agent')),
    hardware: hardwareFor(placement, asked, documents),
    boot: bootOf(placement),
    addressing: addressingOf(asked, documents),
    nameservers: intent.nameservers,
  }
}
