import type { VersionContract } from '../contracts/contract.ts'
import type { MachineRole, Members } from './config-document.ts'
import type { FieldFault } from './fault.ts'

/** Who reads a document: what the machine is, and which Talos. */
export interface KindContext {
  readonly role: MachineRole
  readonly contract: VersionContract
}

/** What a node asks of one document beyond its shape. */
export type KindRule = (document: Members, context: KindContext) => readonly FieldFault[]
