import { invariant } from '../../../base/invariant.ts'
import { CLUSTER_TYPES } from './cluster.ts'
import { KUBERNETES_TYPES } from './kubernetes.ts'
import { MACHINE_TYPES } from './machine.ts'
import { NETWORK_TYPES } from './network.ts'
import { readTypeTable, type Fields, type TypeTable } from './notation.ts'
import { SYSTEM_TYPES } from './system.ts'
import { VOLUMES_TYPES } from './volumes.ts'

let read: TypeTable | undefined

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
