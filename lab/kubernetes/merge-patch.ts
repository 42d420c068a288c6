import { isRecord } from '../talos/config/shape.ts'

/**
 * RFC 7386: objects are merged, null takes away, everything else replaces. A strategic patch is read the same way, its
 * directives left out: the lists of the kinds here that people patch (taints, finalizers) have no merge key.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const merged: Record<string, unknown> = { ...(isRecord(target) ? target : {}) }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}
