import { problem, type Problem } from '../model/problem.ts'
import { err, ok, type Result } from '../base/result.ts'
import { contractFor, findContractName, TALOS_CONTRACTS, type TalosContract } from './contracts/contract-for.ts'

/**
 * Which versions belong together. A Talos minor without a contract is not supported: its defaults, its lifecycle API or
 * its Kubernetes range are unknown to us.
 */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** `v1.13.9` → its numbers; undefined for anything that is not a plain release. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/.exec(text)
  return match ? { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) } : undefined
}

/** The contract of a Talos version's own minor, as in `v1.13.9` → `1.13`. */
export function contractOfTalos(talos: string): TalosContract | undefined {
  const version = parseVersion(talos)
  return version && findContractName(`${version.major}.${version.minor}`)
}

/**
 * The contract that a new cluster of these versions gets: chosen here, once, at creation (facts talos.md §1). Problem
 * `unsupported-version` names the field and the range.
 */
export function contractForNewCluster(talos: string, kubernetes: string): Result<TalosContract, Problem> {
  const name = contractOfTalos(talos)
  if (!name) return err(problem('unsupported-version', { field: 'talos', version: talos, supported: TALOS_CONTRACTS }))
  const checked = checkKubernetesOnTalos(name, kubernetes)
  if (checked.ok) return ok(name)
  return err({ ...checked.error, facts: { ...checked.error.facts, talos } })
}

/**
 * Whether a Talos minor runs a Kubernetes version. An upgrade asks with the minor that will run, which need not be the
 * contract of the cluster. Problem `unsupported-version` names the range.
 */
export function checkKubernetesOnTalos(minor: TalosContract, kubernetes: string): Result<void, Problem> {
  const { first, last } = contractFor(minor).kubernetes
  const version = parseVersion(kubernetes)
  if (version?.major === 1 && version.minor >= first && version.minor <= last) return ok(undefined)
  const supported = [`1.${first} to 1.${last}`]
  return err(problem('unsupported-version', { field: 'kubernetes', version: kubernetes, talos: minor, supported }))
}
