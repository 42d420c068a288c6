import type { AskedMachine } from '../model/cluster-machines.ts'
import type { Hardware } from '../model/hardware.ts'
import { shapeChanges, shapeOf, type MachineShape, type ShapeChange } from '../model/machine-shape.ts'
import type { Placement } from '../model/placement.ts'
import { mebibytes } from '../model/quantity.ts'
import type { MachineSeen } from '../model/seen.ts'
import type { SizeRequest } from '../placement/resize.ts'
import { classOf, type ClusterDocuments } from './documents.ts'
import { hardwareFor } from './hardware.ts'
import { birthHash, keptHash } from './machines.ts'
import type { MachineView } from './view.ts'

/** What a machine that is there should become without being made anew, and what its place must hold for that. Pure. */

/** The hardware that the documents ask for, at the place the machine has; whether the place holds it is another question. */
export function wantedHardware(placement: Placement, asked: AskedMachine, documents: ClusterDocuments): Hardware {
  return hardwareFor({ ...placement, ...sizesOf(placement, asked, documents) }, asked, documents)
}

const sizesOf = (placement: Placement, asked: AskedMachine, documents: ClusterDocuments) => {
  const { cpu, memory, disks } = classOf(documents, asked.class)
  return {
    cpu,
    memoryMiB: mebibytes(memory),
    disks: placement.disks.map((disk, index) => ({ ...disk, sizeGiB: sizeGiBOf(disks[index]?.size) ?? disk.sizeGiB })),
  }
}

const sizeGiBOf = (size: string | undefined): number | undefined =>
  size === undefined ? undefined : Math.ceil(mebibytes(size) / 1024)

/** Whether nothing of a machine changed but what can be changed in place. */
export const keepsItsBirth = (
  machine: Pick<MachineView, 'birthHash' | 'keptHash'>,
  asked: AskedMachine,
  documents: ClusterDocuments,
): boolean => machine.birthHash === birthHash(documents, asked) || machine.keptHash === keptHash(documents, asked)

/**
 * In what a machine is to change: `undefined` in nothing. What it was last made as is told by its agent; where a new agent
 * cannot tell, documents that differ from those of its birth say that something is to change, and not what.
 */
export function changesWanted(
  machine: MachineView,
  wanted: Hardware,
  asked: AskedMachine,
  documents: ClusterDocuments,
): readonly ShapeChange[] | 'unknown' | undefined {
  const shape = machine.seen?.shape
  if (!shape) return machine.birthHash === birthHash(documents, asked) ? undefined : 'unknown'
  const changes = shapeChanges(shape, shapeOf(wanted))
  return changes.length === 0 ? undefined : changes
}

interface Kept {
  readonly machine: { readonly machineId: string; readonly name: string; readonly wanted: boolean }
  readonly placement: Placement | undefined
}

/**
 * What places should hold from now on: more as soon as it is asked for, less once the machine is known to have given it up,
 * so that nobody else is promised what is still in use. Only those that change.
 */
export function sizesToReserve(
  machines: readonly Kept[],
  seen: readonly MachineSeen[],
  asked: ReadonlyMap<string, AskedMachine>,
  documents: ClusterDocuments,
): readonly SizeRequest[] {
  return machines.flatMap(({ machine, placement }) => {
    const now = asked.get(machine.name)
    if (!machine.wanted || !placement || !now) return []
    const wanted = sizesOf(placement, now, documents)
    const row = seen.find(({ machineId }) => machineId === machine.machineId)
    const inUse = row?.shape ?? placement
    const cpu = Math.max(wanted.cpu, inUse.cpu)
    const memoryMiB = Math.max(wanted.memoryMiB, inUse.memoryMiB)
    const diskGiB = wanted.disks.map(({ name, sizeGiB }) => Math.max(sizeGiB, diskInUse(inUse, name)))
    const same =
      cpu === placement.cpu &&
      memoryMiB === placement.memoryMiB &&
      diskGiB.every((size, index) => size === placement.disks[index]?.sizeGiB)
    return same ? [] : [{ machineId: machine.machineId, cpu, memoryMiB, diskGiB }]
  })
}

const diskInUse = (inUse: Pick<MachineShape, 'disks'>, name: string): number =>
  inUse.disks.find((disk) => disk.name === name)?.sizeGiB ?? 0
