import { textOf } from '../talos/config/shape.ts'
import type { KubeObject } from './objects.ts'
import { specOf } from './cluster.ts'

/** `a=b,c!=d,e,!f` on labels and the two field selectors people use; an unknown field selects nothing. */
export function selectorOf(query: URLSearchParams): (object: KubeObject) => boolean {
  const labels = terms(query.get('labelSelector'))
  const fields = terms(query.get('fieldSelector'))
  return (object) =>
    labels.every((term) => holds(term, object.metadata.labels?.[term.key])) &&
    fields.every((term) => holds(term, fieldOf(object, term.key)))
}

interface Term {
  readonly key: string
  readonly kind: 'equal' | 'different' | 'present' | 'absent'
  readonly value: string
}

function terms(text: string | null): readonly Term[] {
  if (!text) return []
  return text.split(',').map((part) => {
    const match = /^(!?)([^=!]+)(?:(!=|==?)(.*))?$/.exec(part.trim())
    const [, not = '', key = part, operator, value = ''] = match ?? []
    if (operator === undefined) return { key, kind: not === '!' ? 'absent' : 'present', value: '' }
    return { key, kind: operator === '!=' ? 'different' : 'equal', value }
  })
}

function holds(term: Term, value: string | undefined): boolean {
  switch (term.kind) {
    case 'equal':
      return value === term.value
    case 'different':
      return value !== term.value
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
  return undefined
}
