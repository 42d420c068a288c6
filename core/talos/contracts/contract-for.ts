import type { VersionContract } from './contract.ts'
import { V1_12 } from './v1-12.ts'
import { V1_13 } from './v1-13.ts'
import { V1_14 } from './v1-14.ts'

/** Every Talos minor that we can configure. To add one: its file, its line here, its vectors. */
const CONTRACTS = { '1.12': V1_12, '1.13': V1_13, '1.14': V1_14 } as const satisfies Record<string, VersionContract>

/** The name of the generator defaults that a cluster was born with. Fixed for the cluster's life. */
export type TalosContract = keyof typeof CONTRACTS

export const TALOS_CONTRACTS = Object.keys(CONTRACTS) as readonly TalosContract[]

export const contractFor = (name: TalosContract): VersionContract => CONTRACTS[name]

/** As in `1.13`; undefined for a minor that we do not know. */
export const findContractName = (minor: string): TalosContract | undefined =>
  TALOS_CONTRACTS.find((name) => name === minor)
