import { z } from 'zod'
import type { Json } from '../base/canonical-json.ts'

/**
 * A patch of Talos configurations as it is stored: one document of a strategic merge patch, as JSON. Nobody in the cloud
 * parses YAML; the CLI turns what people write, also in files of their own, into this. What a patch may say is a matter of
 * core/check/patches.ts.
 */

/** Patches of one level; nobody reviews more. */
export const MAX_PATCHES = 32
/** A tree nested deeper than this is no configuration; it would exhaust the stack of whoever walks it. */
const MAX_DEPTH = 32

/** It came out of a JSON parser, so it holds nothing else. */
const AnyJson = z.unknown() as z.ZodType<Json>

export const TalosPatch = z
  .record(z.string().max(256), AnyJson)
  .refine((document) => depthWithin(document, MAX_DEPTH), `is nested deeper than ${MAX_DEPTH} levels`)
export type TalosPatch = z.infer<typeof TalosPatch>

/** In the order in which they apply. */
export const TalosPatches = z.array(TalosPatch).max(MAX_PATCHES)

/** Goes no deeper than it may, whatever the value is. */
function depthWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => depthWithin(member, levels - 1))
}
