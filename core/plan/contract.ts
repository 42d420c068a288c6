import { contractOfTalos } from '../talos/versions.ts'
import type { ClusterView } from './view.ts'

/**
 * The Talos contract of a cluster, as in `1.13`: the minor it was created with, for ever. A newer Talos reads what an
 * older contract wrote; a raised one would rewrite what nodes hold, down to the key names of etcd's encryption.
 *
 *   C11  It is stored with the first plan and never raised.
 *
 * Only while nothing is bootstrapped a Talos older than the contract takes it down: every machine is made anew then, and
 * an older Talos could not read it. undefined for a first version that we do not know.
 */
export function contractOfCluster(view: Pick<ClusterView, 'cluster' | 'contract' | 'bootstrap'>): string | undefined {
  const current = contractOfTalos(view.cluster.spec.talos.version)
  if (view.contract === undefined) return current
  const lowered = !view.bootstrap && current !== undefined && minorOf(current) < minorOf(view.contract)
  return lowered ? current : view.contract
}

/** `1.13` → 13. */
const minorOf = (contract: string): number => Number(contract.split('.')[1])
