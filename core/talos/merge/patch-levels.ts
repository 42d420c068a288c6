import { ok, type Result } from '../../base/result.ts'
import type { TalosContract } from '../contracts/contract-for.ts'
import { applyPatches } from './apply-patches.ts'
import { checkOwnedFields } from './check-owned-fields.ts'
import { NEWEST } from './documents.ts'
import type { PatchProblem } from './patch-problem.ts'

/** The patches that concern one machine, by whom they are meant for. */
export interface PatchLevels {
  readonly cluster: readonly string[]
  /** The control planes, or a set of workers. */
  readonly set: readonly string[]
  readonly machine: readonly string[]
}

export type PatchLevel = keyof PatchLevels

/** From the general to the special, so that a machine has the last word. */
export const PATCH_LEVELS: readonly PatchLevel[] = ['cluster', 'set', 'machine']

/**
 * Applies the patches of all levels to a rendered configuration: cluster, then set, then machine, each in its own order.
 * A patch that touches what Lanline decides is refused. The problem counts patches within the level it names.
 */
export function applyPatchLevels(
  config: string,
  levels: PatchLevels,
  minor: TalosContract = NEWEST,
): Result<string, { readonly level: PatchLevel; readonly problem: PatchProblem }> {
  let patched = config
  for (const level of PATCH_LEVELS) {
    for (const [patch, text] of levels[level].entries()) {
      const [owned] = checkOwnedFields(text)
      if (owned) return { ok: false, error: { level, problem: { ...owned, patch } } }
    }
    const next = applyPatches(patched, levels[level], minor)
    if (!next.ok) return { ok: false, error: { level, problem: next.error } }
    patched = next.value
  }
  return ok(patched)
}
