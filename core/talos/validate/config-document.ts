import type { Json } from '../../base/canonical-json.ts'

/** One document of a configuration that somebody hands in: anything that YAML can say. */
export interface ParsedDocument {
  /** `v1alpha1`, `Kind/name` or `Kind`. */
  readonly label: string
  /** `Main` for the v1alpha1 one. */
  readonly kind: string
  readonly name: string | undefined
  readonly value: Members
}

export type Members = Readonly<Record<string, Json | undefined>>

export type MachineRole = 'controlplane' | 'worker'

/** The value behind a path of names; undefined when there is none, and for null, which is the same to a node. */
export function valueAt(value: Json | undefined, path: string): Json | undefined {
  let at: Json | undefined = value
  for (const name of path.split('.')) at = membersOf(at)?.[name]
  return at ?? undefined
}

export const membersOf = (value: Json | undefined): Members | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined

/** Without the items that are null, as a node reads a list. */
export const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as Json[]).filter((item) => item !== null) : []

/** A text, as a node reads one; undefined for what is none, and for the empty one. */
export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : typeof value === 'string' && value !== ''
      ? value
      : undefined
