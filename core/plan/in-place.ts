import type { Hardware } from '../model/hardware.ts'
import { shapeOf, type ShapeChange } from '../model/machine-shape.ts'
import type { Placement } from '../model/placement.ts'
import type { DriftSeen } from '../model/seen.ts'
import { openOperations } from './ask.ts'
import { changesWanted, keepsItsBirth, wantedHardware } from './resizing.ts'
import type { Situation } from './rule.ts'
import type { MachineView } from './view.ts'

/** Machines that are there and are not what they should be, in the order in which they are changed. Pure. */
export interface InPlace {
  readonly machine: MachineView
  readonly hardware: Hardware
  readonly restart: 'never' | 'if-needed' | 'always'
  /** What the documents ask for; `unknown` when only that something is; undefined when somebody else changed the machine. */
  readonly asked: readonly ShapeChange[] | 'unknown' | undefined
  /** The place holds all of it. */
  readonly reserved: boolean
}

/** Asked by several in one plan; finding out hashes documents. */
export function changesInPlace(situation: Situation): readonly InPlace[] {
  const known = found.get(situation)
  if (known) return known
  const changes = find(situation)
  found.set(situation, changes)
  return changes
}
const found = new WeakMap<Situation, readonly InPlace[]>()

function find(situation: Situation): readonly InPlace[] {
  const { view, deleting } = situation
  if (deleting || !view.bootstrap) return []
  return situation.wanted
    .toSorted((a, b) => Number(a.role === 'worker') - Number(b.role === 'worker'))
    .flatMap((machine) => changeInPlace(situation, machine) ?? [])
}

function changeInPlace({ documents, asked }: Situation, machine: MachineView): InPlace | undefined {
  const { placement, seen } = machine
  const now = asked.get(machine.name)
  if (!placement || !now || !keepsItsBirth(machine, now, documents)) return undefined
  if (seen?.power !== 'on' && seen?.power !== 'off') return undefined
  const hardware = wantedHardware(placement, now, documents)
  const changes = changesWanted(machine, hardware, now, documents)
  const common = { machine, hardware, asked: changes, reserved: holds(placement, hardware) }
  if (changes === 'unknown') return { ...common, restart: 'if-needed' }
  if (changes) return { ...common, restart: changes.some(({ restarts }) => restarts) ? 'always' : 'never' }
  if (documents.cluster.spec.drift !== 'correct') return undefined
  const correctable = (seen.drift ?? []).filter(isCorrectable)
  if (correctable.length === 0) return undefined
  return { ...common, restart: correctable.every((drift) => drift.class === 'hot') ? 'never' : 'if-needed' }
}

export const isCorrectable = (drift: DriftSeen): boolean => drift.class !== 'immutable' && drift.byHand !== true

function holds(placement: Placement, hardware: Hardware): boolean {
  const { cpu, memoryMiB, disks } = shapeOf(hardware)
  return (
    placement.cpu >= cpu &&
    placement.memoryMiB >= memoryMiB &&
    disks.every(({ sizeGiB }, index) => (placement.disks[index]?.sizeGiB ?? 0) >= sizeGiB)
  )
}

/** What somebody else changed, as long as nothing of ours is about to change it anyway. */
export function driftOfMachine({ view, documents, asked }: Situation, machine: MachineView): readonly DriftSeen[] {
  const now = asked.get(machine.name)
  const { placement, seen } = machine
  if (!now || !placement || !seen?.drift || openOperations(view, machine.machineId).length > 0) return []
  return changesWanted(machine, wantedHardware(placement, now, documents), now, documents) ? [] : seen.drift
}
