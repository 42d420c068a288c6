import { hardwareFor } from '../hardware.ts'
import { intentFor } from '../intent.ts'
import { hold, wish, type Rule, type Situation } from '../rule.ts'
import type { MachineView } from '../view.ts'
import { imageReady } from './images.ts'

/** Makes each placed machine that is not there yet, once its image is. */
export const create: Rule = (situation) => {
  if (situation.deleting) return []
  return situation.wanted
    .filter((machine) => machine.placement && isAbsent(machine))
    .map((machine) =>
      imageReady(situation, machine)
        ? wish('machine.create', machine.machineId, machine.name, creationOf(situation, machine))
        : hold('waiting-for-machine', machine.name, { waitsFor: 'image', host: machine.placement!.host }),
    )
}

/** Not yet observed counts as absent: the handler looks by UUID before it makes anything. */
const isAbsent = (machine: MachineView): boolean => machine.seen === undefined || machine.seen.power === 'absent'

function creationOf({ documents, contract }: Situation, machine: MachineView) {
  const placement = machine.placement!
  const intent = intentFor(machine, documents, contract)
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
    hardware: hardwareFor(placement, documents),
    boot: { by: 'image' as const, imageStorage: placement.imageStorage },
    addressing: 'cloud-init' as const,
    nameservers: intent.nameservers,
  }
}
