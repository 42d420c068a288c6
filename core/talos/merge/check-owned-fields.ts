import { isMap } from 'yaml'
import { readPatch } from './apply-patches.ts'
import { decodeFree } from './decode.ts'
import { takeDeletions } from './delete-patches.ts'
import { identify, sayPath, type Source } from './documents.ts'
import { pathOfPointer, type JsonOperation } from './json-patch.ts'
import { isNaming, ownedTouches, type Touch } from './owned-touches.ts'
import type { PatchProblem } from './patch-problem.ts'
import { LEGACY } from './types/notation.ts'
import { isValueList, isValueMap, type Value } from './value.ts'

/**
 * Every field of a patch that Lanline decides itself; none for a patch that is fine. A patch that cannot be read is a
 * problem, too. Pure; needs no configuration, so a door can ask before anything is stored.
 */
export function checkOwnedFields(patch: string): readonly PatchProblem[] {
  const read = readPatch(patch)
  if (!read.ok) return [read.error]
  if (read.value.kind === 'json') return checkTouches(LEGACY, '', read.value.operations.flatMap(touchesOf))
  return read.value.sources.flatMap(checkSource)
}

function checkSource(source: Source): readonly PatchProblem[] {
  const tree = source.tree.clone() as Source['tree']
  const identity = identify(tree)
  if (!identity) return [{ code: 'unknown-document', document: 'without apiVersion and kind' }]
  if (identity.type === undefined) return [{ code: 'unknown-document', document: identity.id }]
  const name: unknown = isMap(tree.contents) ? tree.contents.get('name') : undefined
  const taken = takeDeletions(tree)
  if (!taken.ok)
    return [
      {
        code: 'delete-not-possible',
        document: identity.id,
        where: sayPath(taken.error.path),
        reason: taken.error.reason,
      },
    ]
  const deleted = taken.value.deletions.map(({ path }): Touch => ({ path, kind: 'delete' }))
  const added = taken.value.rest ? leavesOf(decodeFree(tree).value, []) : []
  return checkTouches(identity.type, typeof name === 'string' ? name : '', [...deleted, ...added], identity.id)
}

/** One problem for each owned field, however often it is touched. */
const checkTouches = (
  type: string,
  name: string,
  touches: readonly Touch[],
  document = type,
): readonly PatchProblem[] =>
  ownedTouches(type, name, touches).map(({ field: { path, reason } }) => ({
    code: 'owned-field',
    document,
    where: sayPath(path),
    reason,
  }))

/** Everything that a strategic patch gives a value. Absent and null leave a field alone. */
function leavesOf(value: Value | undefined, path: Touch['path']): readonly Touch[] {
  if (value === undefined || value === null) return []
  if (isValueMap(value) && value.size > 0)
    return [...value].flatMap(([key, member]) => leavesOf(member, [...path, key]))
  if (isValueList(value)) return [{ path, kind: 'add' }]
  return isNaming(path) ? [] : [{ path, kind: 'add' }]
}

/** JSON Patch can replace what lies above a field; an item that is added to a list only adds. */
function touchesOf({ op, path, from }: JsonOperation): readonly Touch[] {
  const at = pathOfPointer(path)
  switch (op) {
    case 'test':
      return []
    case 'move':
      return [
        { path: pathOfPointer(from ?? ''), kind: 'delete' },
        { path: at, kind: 'delete' },
      ]
    case 'add':
    case 'copy':
      return [{ path: at, kind: /^(-|\d+)$/.test(at.at(-1) ?? '') ? 'add' : 'delete' }]
    default:
      return [{ path: at, kind: 'delete' }]
  }
}
