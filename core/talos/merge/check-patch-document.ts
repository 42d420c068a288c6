import { nearest } from '../../base/nearest.ts'
import type { Json } from '../../base/canonical-json.ts'
import { isNaming, ownedTouches, type Touch } from './owned-touches.ts'
import { LEGACY, type FieldType } from './types/notation.ts'
import { fieldsOf, typeTable } from './types/table.ts'

/**
 * One document of a strategic merge patch, as JSON, looked at by itself: which document it is, that Talos knows its fields
 * and they hold what belongs there, that deletions are where they may be, that no disk is opened by a passphrase, and that
 * nothing is touched that Lanline decides itself. It knows no configuration, and it reads no YAML, so that a door in the
 * cloud can ask it. [] is no promise that the patch fits a configuration.
 */
export interface PatchFault {
  /** Within the patch. */
  readonly path: readonly (string | number)[]
  /** `key`: the name itself is wrong; `value`: what it holds. */
  readonly target: 'key' | 'value'
  readonly code: 'owned-field' | 'not-a-patch'
  readonly message: string
  readonly hint?: string | undefined
}

type JsonObject = { readonly [key: string]: Json | undefined }
type Path = PatchFault['path']

const LEGACY_KEYS = ['machine', 'cluster', 'debug', 'persist', 'version']

export function checkPatchDocument(document: JsonObject): readonly PatchFault[] {
  const [kind, apiVersion, name] = [document['kind'], document['apiVersion'], document['name']]
  if (kind === undefined) {
    if (LEGACY_KEYS.some((key) => document[key] !== undefined)) return checkAs(LEGACY, '', document)
    return [
      typeof document['op'] === 'string' && document['path'] !== undefined
        ? fault(
            [],
            'is a JSON Patch, which Talos refuses for its configurations of several documents; write a strategic merge patch',
          )
        : fault([], 'needs machine or cluster, or apiVersion and kind of another document'),
    ]
  }
  const { kinds } = typeTable()
  if (typeof kind !== 'string' || !kinds.has(kind)) {
    const near = typeof kind === 'string' ? nearest(kind, kinds) : undefined
    const hint = near === undefined ? undefined : `did you mean "${near}"?`
    return [{ ...fault(['kind'], 'is no document of Talos 1.12 to 1.14'), hint }]
  }
  if (apiVersion !== LEGACY) return [fault(['apiVersion'], `must be ${LEGACY}`)]
  return checkAs(kind, typeof name === 'string' ? name : '', document)
}

const fault = (path: Path, message: string, target: PatchFault['target'] = 'value'): PatchFault => ({
  path,
  target,
  code: 'not-a-patch',
  message,
})

function checkAs(type: string, name: string, document: JsonObject): readonly PatchFault[] {
  const faults: PatchFault[] = []
  const touches: Touch[] = []
  walk({ kind: 'struct', name: type }, document, [], { faults, touches })
  const [whole] = touches.filter(({ path, kind }) => path.length === 0 && kind === 'delete')
  if (type === LEGACY && whole) return [fault([], 'is the main document, which cannot be deleted')]
  const owned = ownedTouches(type, name, touches).map(({ field, touch }) => ({
    ...fault(touch.path, `is not for patches: ${field.reason}`, 'key'),
    code: 'owned-field' as const,
  }))
  return [...faults, ...owned]
}

interface Found {
  readonly faults: PatchFault[]
  readonly touches: Touch[]
}

/** Absent and null leave a field alone, whatever it is. What has no type is between its owner and whoever reads it. */
function walk(type: FieldType | undefined, value: Json | undefined, path: Path, found: Found): void {
  if (value === undefined || value === null) return
  if (isObject(value) && '$patch' in value) return checkDeletion(value, path, found)
  const inner = type?.kind === 'pointer' ? type.to : type
  const must = inner && expectationOf(inner, value)
  if (must !== undefined) return void found.faults.push(fault(path, `must be ${must}`))
  const members = isObject(value) ? Object.entries(value) : []
  if (members.length === 0) touch(path, found)
  for (const [key, member] of members) {
    if (inner?.kind === 'struct') walkField(inner.name, key, member, [...path, key], found)
    else walk(inner?.kind === 'map' ? inner.of : undefined, member, [...path, key], found)
  }
  if (!isList(value)) return
  for (const [index, item] of value.entries())
    walk(inner?.kind === 'list' ? inner.of : undefined, item, [...path, index], found)
}

/** Of a disk; the one secret that has another way. */
const PASSPHRASE = 'is a secret, and patches are stored where no secret belongs; a key of nodeID, tpm or kms needs none'

/** What a value has to be when it is something else. */
function expectationOf(type: FieldType, value: Json): string | undefined {
  switch (type.kind) {
    case 'struct':
    case 'map':
    case 'any':
    case 'args':
      return isObject(value) ? undefined : 'a map'
    case 'list':
      return isList(value) ? undefined : 'a list'
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'int':
    case 'mode':
      return Number.isInteger(value) ? undefined : 'a whole number'
    default:
      return isObject(value) || isList(value) ? 'text' : undefined
  }
}

function walkField(type: string, key: string, value: Json | undefined, path: Path, found: Found): void {
  const fields = fieldsOf(type)
  const field = fields.get(key)
  if (field && key === 'passphrase' && typeof value === 'string') found.faults.push(fault(path, PASSPHRASE, 'key'))
  if (field) return walk(field.type, value, path, found)
  const near = nearest(key, fields.keys())
  found.faults.push({
    ...fault(path, 'unknown field of Talos', 'key'),
    hint: near === undefined ? undefined : `did you mean "${near}"?`,
  })
}

function touch(path: Path, { touches }: Found): void {
  if (!isNaming(path)) touches.push({ path, kind: 'add' })
}

/** `$patch: delete` removes a document, a field or a key; in a list the item that its first other field finds. */
function checkDeletion(value: JsonObject, path: Path, { faults, touches }: Found): void {
  const depth = path.filter((part) => typeof part === 'number').length
  const inList = typeof path.at(-1) === 'number'
  if (value['$patch'] !== 'delete') faults.push(fault([...path, '$patch'], 'must be delete'))
  else if (!inList && depth > 0)
    faults.push(fault(path, 'is inside an item of a list, where nothing can be deleted; delete the item'))
  else if (depth > 1) faults.push(fault(path, 'is an item of a list inside an item of a list, which cannot be deleted'))
  else if (inList && Object.keys(value).length < 2)
    faults.push(fault(path, 'needs a field beside $patch by which the item is found'))
  else touches.push({ path, kind: 'delete' })
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
