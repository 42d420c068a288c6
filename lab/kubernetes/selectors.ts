import { textOf } from '../talos/config/shape.ts'
import { specOf } from './cluster.ts'
import { phaseOf } from './fields.ts'
import type { KubeObject } from './objects.ts'

/** `a=b,c != d,e in (f,g),h notin (i),j,!k` on labels and the field selectors people use; an unknown field selects nothing. */
export function selectorOf(query: URLSearchParams): (object: KubeObject) => boolean {
  const labels = terms(query.get('labelSelector'))
  const fields = terms(query.get('fieldSelector'))
  return (object) =>
    labels.every((term) => holds(term, object.metadata.labels?.[term.key])) &&
    fields.every((term) => holds(term, fieldOf(object, term.key)))
}

interface Term {
  readonly key: string
  readonly kind: 'among' | 'elsewhere' | 'present' | 'absent'
  readonly values: readonly string[]
}

const SET = /^(\S+)\s+(in|notin)\s*\((.*)\)$/
const EQUALITY = /^([^\s=!]+)\s*(!=|==?)\s*(.*)$/

function terms(text: string | null): readonly Term[] {
  if (!text) return []
  // A comma inside brackets belongs to the set.
  return text.split(/,(?![^(]*\))/).map((part) => {
    const term = part.trim()
    const [, setKey, inWord, members = ''] = SET.exec(term) ?? []
    if (setKey !== undefined) {
      const values = members.split(',').map((value) => value.trim())
      return { key: setKey, kind: inWord === 'in' ? 'among' : 'elsewhere', values }
    }
    const [, key, operator, value = ''] = EQUALITY.exec(term) ?? []
    if (key !== undefined) return { key, kind: operator === '!=' ? 'elsewhere' : 'among', values: [value] }
    if (term.startsWith('!')) return { key: term.slice(1).trim(), kind: 'absent', values: [] }
    return { key: term, kind: 'present', values: [] }
  })
}

function holds(term: Term, value: string | undefined): boolean {
  switch (term.kind) {
    case 'among':
      return value !== undefined && term.values.includes(value)
    case 'elsewhere':
      return value === undefined || !term.values.includes(value)
    case 'present':
      return value !== undefined
    case 'absent':
      return value === undefined
  }
}

function fieldOf(object: KubeObject, field: string): string | undefined {
  if (field === 'metadata.name') return object.metadata.name
  if (field === 'metadata.namespace') return object.metadata.namespace
  if (field === 'spec.nodeName') return textOf(specOf(object)['nodeName'])
  if (field === 'status.phase') return phaseOf(object)
  return undefined
}
