import type { OperationInput } from '../../model/operation.ts'
import { schematicIdOf } from '../../talos/schematic.ts'
import { classOf } from '../documents.ts'
import { keyOf } from '../wish.ts'
import { wish, type Rule, type Situation } from '../rule.ts'
import type { MachineView } from '../view.ts'

/**
 * Brings the Talos image to each storage from which a machine is about to be made.
 *
 * Storages are not observed file by file, so a succeeded operation is the effect, until a creation says that the image
 * was not there after all.
 */
export const images: Rule = (situation) => {
  if (situation.deleting) return []
  const wanted = new Map(
    situation.wanted
      .filter((machine) => machine.placement && !exists(machine) && !imageReady(situation, machine))
      .map((machine) => {
        const input = imageFor(situation, machine)
        return [`${input.host}/${input.imageStorage} ${input.media ?? ''} ${input.secureBoot ?? false}`, input] as const
      }),
  )
  return [...wanted.values()].map((input) =>
    wish('image.ensure', `${input.host}/${input.imageStorage}`, input.host, input),
  )
}

export function imageFor({ documents, asked }: Situation, machine: MachineView): OperationInput<'image.ensure'> {
  const talos = documents.cluster.spec.talos
  const now = asked.get(machine.name)
  const secureBoot = now !== undefined && classOf(documents, now.class).secureBoot === true
  return {
    host: machine.placement!.host,
    imageStorage: machine.placement!.imageStorage,
    talosVersion: talos.version,
    extensions: [...(talos.extensions ?? [])].sort(),
    schematicId: schematicIdOf(talos.extensions),
    ...(machine.placement!.boot === 'iso' ? { media: 'iso' as const } : {}),
    ...(secureBoot ? { secureBoot } : {}),
  }
}

export function imageReady(situation: Situation, machine: MachineView): boolean {
  const input = imageFor(situation, machine)
  const key = keyOf({ kind: 'image.ensure', subject: `${input.host}/${input.imageStorage}`, input })
  const ensuredAt = Math.max(
    ...situation.view.operations
      .filter((operation) => operation.key === key && operation.state === 'succeeded')
      .map((operation) => operation.finishedAt ?? 0),
    -1,
  )
  const missedAt = Math.max(
    ...situation.view.operations
      .filter(
        (operation) =>
          operation.kind === 'machine.create' &&
          operation.result?.outcome === 'failed' &&
          operation.result.problem.code === 'image-unavailable',
      )
      .map((operation) => operation.finishedAt ?? 0),
    -1,
  )
  return ensuredAt >= 0 && ensuredAt > missedAt
}

const exists = (machine: MachineView): boolean => machine.seen?.power === 'on' || machine.seen?.power === 'off'
