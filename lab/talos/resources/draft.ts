import type { CosiDraft } from '../resource-table.ts'
import { DEFINITIONS } from './definitions.ts'

const BY_NAME = new Map(DEFINITIONS.map((definition) => [definition.type.split('.')[0] ?? '', definition]))

/** One resource of a type by the name before its first dot, in the namespace the type lives in. */
export function draft(name: string, id: string, spec: unknown, binary?: () => Uint8Array): CosiDraft {
  const definition = BY_NAME.get(name)
  if (!definition) throw new Error(`the lab knows no ${name}`)
  const { namespace, type, owner } = definition
  return { namespace, type, id, spec, owner, ...(binary ? { binary } : {}) }
}
