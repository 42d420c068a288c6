import { invariant } from '../../../base/invariant.ts'
import { TALOS_CONTRACTS, type TalosContract } from '../../contracts/contract-for.ts'
import { CLUSTER_TYPES } from './cluster.ts'
import { KUBERNETES_TYPES } from './kubernetes.ts'
import { MACHINE_TYPES } from './machine.ts'
import { NETWORK_TYPES } from './network.ts'
import { readTypeTable, type Fields, type TypeTable } from './notation.ts'
import { SYSTEM_TYPES } from './system.ts'
import { VOLUMES_TYPES } from './volumes.ts'

let read: TypeTable | undefined

/**
 * The type of a document in a Talos minor, which may be one of its own where it changed its behaviour later: a cluster
 * must merge as its own nodes do.
 */
export function typeOfKind(kind: string, minor: TalosContract): string | undefined {
  const { kinds, fields } = typeTable()
  if (!kinds.has(kind)) return undefined
  const since = TALOS_CONTRACTS.slice(TALOS_CONTRACTS.indexOf(minor) + 1)
  const older = since.map((next) => `${kind}<${next}`).find((name) => fields(name) !== undefined)
  return older ?? kind
}

/** Every document of Talos 1.12 to 1.14; each read on first use. */
export function typeTable(): TypeTable {
  read ??= readTypeTable([MACHINE_TYPES, CLUSTER_TYPES, NETWORK_TYPES, VOLUMES_TYPES, KUBERNETES_TYPES, SYSTEM_TYPES])
  return read
}

export function fieldsOf(name: string): Fields {
  const fields = typeTable().fields(name)
  invariant(fields, `the type tables know ${name}`)
  return fields
}
