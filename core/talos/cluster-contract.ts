import { contractOfTalos } from './versions.ts'

/** What is known of a cluster when its contract is asked for. */
export interface ContractFacts {
  readonly talosVersion: string
  /** The contract as its Cluster object stored it; absent before the first plan. */
  readonly stored: string | undefined
  readonly bootstrapped: boolean
}

/**
 * The Talos contract of a cluster, as in `1.13`: the minor it was created with, for ever. A newer Talos reads what an
 * older contract wrote; a raised one would rewrite what nodes hold, down to the key names of etcd's encryption.
 *
 *   C11  It is stored with the first plan and never raised.
 *
 * Only while nothing is bootstrapped a Talos older than the contract takes it down: every machine is made anew then, and
 * an older Talos could not read it. undefined for a first version that we do not know.
 */
export function contractOfCluster({ talosVersion, stored, bootstrapped }: ContractFacts): string | undefined {
  const current = contractOfTalos(talosVersion)
  if (stored === undefined) return current
  return !bootstrapped && current !== undefined && minorOf(current) < minorOf(stored) ? current : stored
}

/** `1.13` → 13. */
const minorOf = (contract: string): number => Number(contract.split('.')[1])
