import type { OperationInput } from '#core/model/operation.ts'
import { cidataFileName } from '../providers/cidata.ts'
import { imageFileName } from '../providers/image-names.ts'
import type { ImageRef, MachineRef, NewMachine } from '../providers/provider.ts'

/** A creation in the words of a provider: where its image lies, and what will tell it its addresses. */
type Input = OperationInput<'machine.create'>

export function toNewMachine(input: Input): NewMachine {
  const media = input.boot.by
  const fileName = imageFileName({ ...input, media, secureBoot: input.hardware.secureBoot })
  const volumeId =
    input.boot.by === 'iso'
      ? `${input.boot.isoStorage}:iso/${fileName}`
      : `${input.boot.imageStorage}:import/${fileName}`
  const cidata = cidataOf(input)
  return {
    ...refOf(input),
    name: input.name,
    clusterName: input.clusterName,
    clusterUid: input.clusterUid,
    guestAgent: input.guestAgent,
    hardware: input.hardware,
    boot: { by: media, volumeId },
    addressing:
      input.addressing === 'cidata'
        ? { by: 'cidata', volumeId: `${cidata.storage}:iso/${cidata.fileName}` }
        : { by: 'drive' },
    nameservers: input.nameservers,
  }
}

/** Beside the image, which lies on a storage for such files. */
export const cidataOf = ({ boot, host, machineId }: Input): ImageRef => ({
  host,
  storage: boot.by === 'iso' ? boot.isoStorage : boot.imageStorage,
  content: 'iso',
  fileName: cidataFileName(machineId),
})

export const refOf = ({ machineId, host, vmid, hardware }: Input): MachineRef => ({
  machineId,
  host,
  vmid,
  mac: hardware.nics[0]?.mac,
})
