import { referencesOf } from '#core/check/references.ts'
import type { Document, Kind } from '#core/model/document.ts'
import type { Scope } from '#db/scope.ts'

/** What must be known to judge these documents: they themselves, what they refer to, and whom they could disturb. */
export function scopeOf(documents: readonly Document[]): Scope {
  const named = new Map<string, { readonly kind: Kind; readonly name: string }>()
  const name = (kind: Kind, value: string) => named.set(`${kind}/${value}`, { kind, name: value })
  const sites = new Set<string>()
  for (const document of documents) {
    name(document.kind, document.metadata.name)
    if (document.kind === 'Site') sites.add(document.metadata.name)
    for (const reference of referencesOf(document)) {
      name(reference.kind, reference.name)
      if (reference.kind === 'Site') sites.add(reference.name)
    }
  }
  const namesOf = (kind: Kind) => documents.filter((one) => one.kind === kind).map((one) => one.metadata.name)
  return {
    named: [...named.values()],
    sites: [...sites],
    networks: namesOf('Network'),
    machineClasses: namesOf('MachineClass'),
  }
}

/** What must be known to delete one: everything that could refer to it. */
export function deletionScopeOf(kind: Kind, name: string): Scope {
  return {
    named: [{ kind, name }],
    sites: kind === 'Site' ? [name] : [],
    networks: kind === 'Network' ? [name] : [],
    machineClasses: kind === 'MachineClass' ? [name] : [],
  }
}
