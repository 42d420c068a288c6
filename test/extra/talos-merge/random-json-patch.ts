import { stringify } from 'yaml'
import { LEGACY } from '#core/talos/merge/types/notation.ts'
import { KINDS, randomDocument, toYaml } from '#test/core/talos/merge/random-config.ts'
import type { Random } from '#test/support/random.ts'

/** A configuration and JSON patches for it: most operations fit, and every way in which one cannot fit is among them. */
export interface JsonPatchCase {
  readonly config: string
  readonly patches: readonly string[]
}

type Plain = ReturnType<typeof randomDocument>[string]

/** One in twelve configurations has two documents, which no JSON patch is for. */
const SEVERAL = 1 / 12

export function randomJsonPatchCase(random: Random): JsonPatchCase {
  const kind = random.chance(0.7) ? LEGACY : random.pick(KINDS)
  const document = randomDocument(random, kind, false)
  if (kind === LEGACY) document['machine'] = { ...(document['machine'] as object), ...withKeys(random) }
  const others = random.chance(SEVERAL) ? [randomDocument(random, random.pick(KINDS), false)] : []
  const patches = Array.from({ length: random.chance(0.8) ? 1 : 2 }, () => {
    if (random.chance(0.08)) return toYaml([randomDocument(random, kind, true)])
    const operations = Array.from({ length: 1 + random.int(3) }, () => anOperation(random, document))
    return inJson(random, operations) ? JSON.stringify(operations) : stringify(operations)
  })
  return { config: toYaml([document, ...others.filter((other) => other['kind'] !== document['kind'])]), patches }
}

/**
 * Upstream, a `test` compares bytes: a null written as YAML is never equal to one that is there, and `>` written as JSON
 * is not what its own writer makes of it.
 */
function inJson(random: Random, operations: readonly Record<string, Plain>[]): boolean {
  if (!operations.some(({ op }) => op === 'test')) return random.chance(0.5)
  return !/[<>&]/.test(JSON.stringify(operations))
}

/** Members whose keys need escaping, and lists long enough for indexes. */
const withKeys = (random: Random): Record<string, Plain> => ({
  sysctls: { 'net/ipv4~all': '1', 'kernel.x': '0', '~1': 'tilde', '': 'empty' },
  certSANs: ['a', 'b', 'c'].slice(0, 1 + random.int(3)),
  nodeLabels: { 'example.com/zone': 'a', '~0': 'b' },
})

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

function anOperation(random: Random, document: Plain): Record<string, Plain> {
  const op = random.pick(['add', 'add', 'remove', 'replace', 'test', 'move', 'copy'])
  const target = somewhere(random, document)
  const operation: Record<string, Plain> = { op, path: target.pointer }
  if (op === 'add' || op === 'replace') operation['value'] = random.chance(0.5) ? target.value : aValue(random)
  if (op === 'test') operation['value'] = random.chance(0.7) ? target.value : aValue(random)
  if (op === 'move' || op === 'copy') operation['from'] = somewhere(random, document).pointer
  if (random.chance(0.08)) spoil(random, operation)
  return operation
}

const aValue = (random: Random): Plain =>
  random.pick<Plain>(['a', '', 0, 1.5, true, false, null, [], {}, ['a', 'b'], { k: 'v' }, { k: null }])

function spoil(random: Random, operation: Record<string, Plain>): void {
  const key = random.pick(Object.keys(operation))
  if (random.chance(0.5)) delete operation[key]
  else
    operation[key] = random.pick<Plain>([
      null,
      1,
      'ADD',
      'merge',
      '',
      '/',
      'machine',
      'machine/type',
      ['/machine'],
      '//',
    ])
}

/** A pointer to a member that is there, or near one. */
function somewhere(random: Random, document: Plain): { readonly pointer: string; readonly value: Plain } {
  let pointer = ''
  let value = document
  for (let depth = 0; depth < 6; depth++) {
    if (depth > 0 && random.chance(0.25)) break
    if (typeof value !== 'object' || value === null) {
      if (random.chance(0.95)) break
      return { pointer: `${pointer}/deeper`, value }
    }
    if (random.chance(0.1)) return { pointer: `${pointer}/${beside(random, value)}`, value: aValue(random) }
    const keys = Object.keys(value)
    if (keys.length === 0) break
    const key = random.pick(keys)
    pointer += `/${escaped(key)}`
    value = (value as Record<string, Plain>)[key] ?? null
  }
  return { pointer, value }
}

const beside = (random: Random, holder: Plain): string =>
  Array.isArray(holder)
    ? random.pick(['-', '-1', '-2', '-9', '0', '1', '2', '9', '00', '+1', '1e0', ' 1', 'x', ''])
    : random.pick(['absent', 'type', 'token', 'certSANs', 'sysctls', 'Type', '-', '0', '', 'a/b'])
