import type { OperationInput } from '#core/model/operation.ts'
import { cidataFileName } from '../providers/cidata.ts'
import { imageFileName } from '../providers/image-names.ts'
import type { ImageRef, MachineBoot, MachineRef, NewMachine } from '../providers/provider.ts'

/** A creation in the words of a provider: where its image lies, and what will tell it its addresses. */
type Input = OperationInput<'machine.create'>

export function toNewMachine(input: Input): NewMachine {
  const cidata = cidataOf(input)
  return {
    ...refOf(input),
    name: input.name,
    clusterName: input.clusterName,
    clusterUid: input.clusterUid,
    guestAgent: input.guestAgent,
    hardware: input.hardware,
    boot: bootOf(input),
    addressing:
      input.addressing === 'cidata'
        ? { by: 'cidata', volumeId: `${cidata.storage}:iso/${cidata.fileName}` }
        : { by: 'drive' },
    nameservers: input.nameservers,
  }
}

function bootOf(input: Input): MachineBoot {
  const { boot, hardware } = input
  if (boot.by === 'volume') {
    if (boot.image !== undefined) return { by: 'image', volumeId: boot.image }
    return boot.iso === undefined ? { by: 'nothing' } : { by: 'iso', volumeId: boot.iso }
  }
  const fileName = imageFileName({ ...input, media: boot.by, secureBoot: hardware.secureBoot })
  return boot.by === 'iso'
    ? { by: 'iso', volumeId: `${boot.isoStorage}:iso/${fileName}` }
    : { by: 'image', volumeId: `${boot.imageStorage}:import/${fileName}` }
}

/** Beside the image, which lies on a storage for such files. */
export const cidataOf = (input: Input): ImageRef => {
  const boot = bootOf(input)
  const beside = boot.by === 'nothing' ? '' : (boot.volumeId.split(':')[0] ?? '')
  return { host: input.host, storage: beside, content: 'iso', fileName: cidataFileName(input.machineId) }
}

export const refOf = ({ machineId, host, vmid, hardware }: Input): MachineRef => ({
  machineId,
  host,
  vmid,
  mac: hardware.nics[0]?.mac,
})
