import type { Facts } from '../model/problem.ts'
import type { HoldCode } from '../model/hold.ts'
import type { AskedMachine } from '../model/cluster-machines.ts'
import type { OperationInput, OperationKind } from '../model/operation.ts'
import type { ClusterDocuments } from './documents.ts'
import type { Bootstrap, ClusterView, MachineView } from './view.ts'

/**
 * A rule looks at the frozen facts and says what it would do and what it waits for. It never looks at what another
 * rule said: the same facts give the same answer in any order.
 */
export type Rule = (situation: Situation) => readonly Verdict[]

/** The view with its most asked questions answered once. */
export interface Situation {
  readonly view: ClusterView
  readonly documents: ClusterDocuments
  readonly contract: string | undefined
  readonly deleting: boolean
  /** What the documents say of each machine, by name. */
  readonly asked: ReadonlyMap<string, AskedMachine>
  /** Machines the documents ask for, by address. */
  readonly wanted: readonly MachineView[]
  /** Machines that must go. */
  readonly leaving: readonly MachineView[]
}

export type Verdict =
  | Wish
  | { readonly type: 'hold'; readonly code: HoldCode; readonly subject: string; readonly facts: Facts }
  | { readonly type: 'cancel'; readonly operationId: string }
  | { readonly type: 'forget'; readonly machineId: string }
  | { readonly type: 'look-again'; readonly at: number }

/** An operation a rule wants to see done; `core/plan/wish.ts` decides whether it is recorded now. */
export interface Wish<K extends OperationKind = OperationKind> {
  readonly type: 'do'
  readonly kind: K
  readonly subject: string
  /** How people call the subject. */
  readonly name: string
  readonly input: OperationInput<K>
  readonly bootstrap?: Bootstrap | undefined
}

export const hold = (code: HoldCode, subject: string, facts: Facts = {}): Verdict => ({
  type: 'hold',
  code,
  subject,
  facts,
})

export function wish<K extends OperationKind>(
  kind: K,
  subject: string,
  name: string,
  input: OperationInput<K>,
  bootstrap?: Bootstrap,
): Wish {
  return { type: 'do', kind, subject, name, input, bootstrap } as Wish
}
