import { assertNever } from '#core/base/invariant.ts'
import { named } from '#core/check/documents.ts'
import { finding, type Finding } from '#core/check/finding.ts'
import { unsupportedChanges, type ClassesInChange, type UnsupportedChange } from '#core/model/changes.ts'
import type { Document } from '#core/model/document.ts'
import { hasObject } from '../objects.ts'
import { findBefore, isBootstrapped, usersOf, type World } from './world.ts'

/** A change of an existing object that no operation can carry out is refused, naming the field and the reason. */
export function checkChanges(document: Document, world: World): readonly Finding[] {
  const before = findBefore(world, document)
  if (!before) return []
  const clusters = hasObject(before.stored)
    ? [before]
    : usersOf(world, before.stored).filter(({ stored }) => hasObject(stored))
  const made = clusters.filter(({ stored }) => stored.kind === 'Machine').filter(isBootstrapped)
  const use = {
    usedBy: clusters.map(({ stored }) => stored.metadata.name),
    bootstrapped: clusters.filter(isBootstrapped).map(({ stored }) => stored.metadata.name),
    made: made.map(({ stored }) => stored.metadata.name),
    nodes: clusters
      .filter(isBootstrapped)
      .flatMap(({ stored }) =>
        stored.kind === 'Machine' || (stored.kind === 'Cluster' && stored.spec.nodeNetwork === document.metadata.name)
          ? [stored.metadata.name]
          : [],
      ),
    classes: classesIn(world),
  }
  return unsupportedChanges(before.stored, document, use).map((change) =>
    finding(change.path, sayChange(change, document), { code: 'change-not-supported' }),
  )
}

const classesIn = (world: World): ClassesInChange => ({
  before: (name) =>
    named(
      world.before.flatMap(({ stored }) => (stored.kind === 'MachineClass' ? [stored] : [])),
      name,
    )?.spec,
  after: (name) => named(world.machineClasses, name)?.spec,
})

function sayChange({ rule, because, path, differs }: UnsupportedChange, document: Document): string {
  const whose = because.map((name) => `"${name}"`).join(', ')
  switch (rule) {
    case 'born':
      return `cannot change; delete the ${document.kind.toLowerCase()} and create it anew`
    case 'used':
      return `cannot change or lose members while a cluster uses it: ${whose}`
    case 'made':
      return `cannot change while a managed machine is made of it: ${whose}`
    case 'bootstrapped':
      if (document.kind === 'Machine') return 'cannot change once the machine is made'
      if (differs)
        return `its machines cannot become of this class, because they keep their ${differs.join(', ')}; disks only grow`
      if (document.kind === 'MachineClass' && path.at(-1) === 'disks')
        return `disks only grow, and keep everything else, while a bootstrapped cluster uses it: ${whose}`
      return document.kind === 'Cluster'
        ? 'cannot change once the cluster is bootstrapped'
        : `cannot change while a bootstrapped cluster uses it: ${whose}`
    default:
      return assertNever(rule)
  }
}
