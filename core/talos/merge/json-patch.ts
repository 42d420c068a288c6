import { err, ok, type Result } from '../../base/result.ts'
import { isValueList, isValueMap, sameValue, withMember, type Value } from './value.ts'

/**
 * JSON Patch (RFC 6902) on the value of a document, with the manners of the library that Talos uses: an index may be
 * negative and then counts from the end, `replace` sets a key that is not there, `copy` of one copies null, and only
 * `replace` and `test` may mean the whole document. Pure.
 */
export interface JsonOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  readonly path: string
  readonly from?: string | undefined
  readonly value?: Value | undefined
}

export interface JsonPatchFailure {
  readonly where: string
  readonly reason: string
}

const OPERATIONS: readonly JsonOperation['op'][] = ['add', 'remove', 'replace', 'move', 'copy', 'test']

/** Reads operations from what a JSON or YAML text holds; undefined when that is not a list of maps. */
export function readJsonPatch(value: Value): Result<readonly JsonOperation[], JsonPatchFailure> | undefined {
  if (!isValueList(value) || !value.every(isValueMap)) return undefined
  const operations: JsonOperation[] = []
  for (const [index, item] of value.entries()) {
    const [op, path, from] = [item.get('op'), item.get('path'), item.get('from')]
    const known = OPERATIONS.find((name) => name === op)
    const where = typeof path === 'string' ? path : `operation ${index + 1}`
    if (!known)
      return err({
        where,
        reason: `has the operation ${JSON.stringify(op ?? null)}; there are ${OPERATIONS.join(', ')}`,
      })
    if (typeof path !== 'string' || !isPointer(path)) return err({ where, reason: 'needs a path that begins with /' })
    if ((known === 'move' || known === 'copy') && (typeof from !== 'string' || !isPointer(from)))
      return err({ where, reason: 'needs a "from" that begins with /' })
    operations.push({ op: known, path, from: typeof from === 'string' ? from : undefined, value: item.get('value') })
  }
  return ok(operations)
}

const isPointer = (text: string): boolean => text === '' || text.startsWith('/')

export function applyJsonPatch(value: Value, operations: readonly JsonOperation[]): Result<Value, JsonPatchFailure> {
  let current = value
  for (const operation of operations) {
    const next = applyOperation(current, operation)
    if (!next.ok) return next
    current = next.value
  }
  return ok(current)
}

function applyOperation(
  value: Value,
  { op, path, from = '', value: stated }: JsonOperation,
): Result<Value, JsonPatchFailure> {
  const given = stated ?? null
  switch (op) {
    case 'add':
      return add(value, path, given)
    case 'remove':
      return edit(value, path, (holder, key) => without(holder, key))
    case 'replace':
      return path === '' ? ok(given) : edit(value, path, (holder, key) => put(holder, key, given))
    case 'move': {
      const moved = find(value, from)
      if (moved === undefined) return err({ where: from, reason: 'is not there' })
      const rest = edit(value, from, (holder, key) => without(holder, key))
      return rest.ok ? add(rest.value, path, moved) : rest
    }
    case 'copy': {
      const copied = read(value, from)
      return copied === undefined ? err({ where: from, reason: 'is not there' }) : add(value, path, copied)
    }
    case 'test': {
      const found = path === '' ? value : read(value, path)
      if (found === undefined) return err({ where: path, reason: 'is not there' })
      // That library compares texts, and its text of a null that is there is not `null`: only a test that states nothing means one.
      return stated !== null && sameValue(found, given)
        ? ok(value)
        : err({ where: path, reason: 'is not what "test" says' })
    }
  }
}

/** `/a~1b/0` → `a/b`, `0`. */
export const pathOfPointer = (pointer: string): readonly string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

const find = (value: Value, pointer: string): Value | undefined =>
  pathOfPointer(pointer).reduce<Value | undefined>(
    (found, part) => (found === undefined ? undefined : member(found, part)),
    value,
  )

/** The same, but a key that its map does not have is null. */
function read(value: Value, pointer: string): Value | undefined {
  if (pointer === '') return undefined
  const holder = find(value, pointer.slice(0, pointer.lastIndexOf('/')))
  const key = pathOfPointer(pointer).at(-1) ?? ''
  return holder === undefined ? undefined : (member(holder, key) ?? (isValueMap(holder) ? null : undefined))
}

const add = (value: Value, path: string, given: Value): Result<Value, JsonPatchFailure> =>
  edit(value, path, (holder, key) => (isValueList(holder) ? insert(holder, key, given) : put(holder, key, given)))

/** Changes the holder of what the pointer names, and copies everything above it. */
function edit(
  value: Value,
  pointer: string,
  change: (holder: Value, key: string) => Value | undefined,
): Result<Value, JsonPatchFailure> {
  const step = (holder: Value, parts: readonly string[]): Value | undefined => {
    const [head, ...rest] = parts
    if (head === undefined) return undefined
    if (rest.length === 0) return change(holder, head)
    const inner = member(holder, head)
    const changed = inner === undefined ? undefined : step(inner, rest)
    return changed === undefined ? undefined : put(holder, head, changed)
  }
  const changed = step(value, pathOfPointer(pointer))
  return changed === undefined
    ? err({ where: pointer, reason: 'is not there, or what should hold it is not' })
    : ok(changed)
}

function member(holder: Value, key: string): Value | undefined {
  if (isValueMap(holder)) return holder.get(key)
  const at = isValueList(holder) ? indexIn(key, holder.length - 1, holder.length) : undefined
  return at === undefined || !isValueList(holder) ? undefined : holder[at]
}

function put(holder: Value, key: string, value: Value): Value | undefined {
  if (isValueMap(holder)) return withMember(holder, key, value)
  const at = isValueList(holder) ? indexIn(key, holder.length - 1, holder.length) : undefined
  return at === undefined || !isValueList(holder) ? undefined : holder.with(at, value)
}

function without(holder: Value, key: string): Value | undefined {
  if (isValueMap(holder)) return holder.has(key) ? withMember(holder, key, undefined) : undefined
  const at = isValueList(holder) ? indexIn(key, holder.length - 1, holder.length) : undefined
  return at === undefined || !isValueList(holder) ? undefined : holder.toSpliced(at, 1)
}

function insert(holder: readonly Value[], key: string, value: Value): Value | undefined {
  const at = key === '-' ? holder.length : indexIn(key, holder.length, holder.length + 1)
  return at === undefined ? undefined : holder.toSpliced(at, 0, value)
}

/** The index a part of a pointer names, up to `last`; negative ones count from `end`. */
function indexIn(key: string, last: number, end: number): number | undefined {
  if (!/^[-+]?\d{1,6}$/.test(key)) return undefined
  const given = Number(key)
  const at = given < 0 ? end + given : given
  return at >= 0 && at <= last ? at : undefined
}
