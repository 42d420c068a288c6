import { problem, type Problem } from '../model/problem.ts'
import { err, ok, type Result } from '../base/result.ts'

/**
 * Which versions belong together. A Talos minor that is not in this table is not supported: its defaults, its
 * lifecycle API or its Kubernetes range are unknown to us.
 */

/** The generator defaults a cluster was born with, named by Talos minor. Fixed for the cluster's life (facts talos.md §1). */
export type TalosContract = '1.13'

interface TalosMinor {
  readonly contract: TalosContract
  /** Kubernetes minors that this Talos runs: 1.`first` to 1.`last`. */
  readonly kubernetes: { readonly first: number; readonly last: number }
}

/** Source: Talos v1.13.9 `pkg/machinery/compatibility`. */
const TALOS_MINORS: Readonly<Record<string, TalosMinor>> = {
  '1.13': { contract: '1.13', kubernetes: { first: 31, last: 36 } },
}

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

/** The contract that a new cluster of these versions gets. Problem `unsupported-version` names the field and the range. */
export function contractForNewCluster(talos: string, kubernetes: string): Result<TalosContract, Problem> {
  const supported = Object.keys(TALOS_MINORS)
  const talosVersion = parseVersion(talos)
  const row = talosVersion && TALOS_MINORS[`${talosVersion.major}.${talosVersion.minor}`]
  if (!row) return err(problem('unsupported-version', { field: 'talos', version: talos, supported }))

  const { first, last } = row.kubernetes
  const version = parseVersion(kubernetes)
  if (!version || version.major !== 1 || version.minor < first || version.minor > last) {
    const range = `1.${first} to 1.${last}`
    return err(problem('unsupported-version', { field: 'kubernetes', version: kubernetes, talos, supported: [range] }))
  }
  return ok(row.contract)
}
