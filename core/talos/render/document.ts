import { invariant } from '../../base/invariant.ts'
import type { Json } from '../../base/canonical-json.ts'
import type { VersionContract } from '../contracts/contract.ts'
import type { MachineConfigInput } from '../machine-config-input.ts'

/** One YAML document of a machine configuration; a member that is undefined is not written. */
export type ConfigDocument = { readonly [key: string]: Json | undefined }

/** What every renderer gets: the input, and the contract that its name stands for. */
export interface RenderInput extends Omit<MachineConfigInput, 'contract'> {
  readonly contract: VersionContract
}

/** Gives the documents of one concern, in the order in which Talos writes them. */
export type Renderer = (input: RenderInput) => readonly ConfigDocument[]

export const document = (kind: string, members: ConfigDocument): ConfigDocument => ({
  apiVersion: 'v1alpha1',
  kind,
  ...members,
})

export const isControlPlane = ({ machine }: Pick<RenderInput, 'machine'>): boolean => machine.role === 'controlplane'

/** A record as Talos writes it: not at all when it is empty. */
export const nonEmptyRecord = <T>(record: Readonly<Record<string, T>> | undefined) =>
  record && Object.keys(record).length > 0 ? record : undefined

export const nonEmptyList = <T>(list: readonly T[] | undefined): readonly T[] | undefined =>
  list?.length ? list : undefined

/** The same members in the order in which Talos writes them. */
export function inOrder(members: ConfigDocument, order: readonly string[]): ConfigDocument {
  invariant(
    Object.keys(members).every((name) => order.includes(name)),
    'a member has no place in the order',
  )
  return Object.fromEntries(order.filter((name) => name in members).map((name) => [name, members[name]]))
}
