import { hashOf, type Json } from '../base/canonical-json.ts'

/**
 * The hash of a part of a document that all machines of a cluster share. Documents are never changed in place, so the hash
 * of a value is found once, however many machines ask within a plan: patches are the one part that can be long.
 */
export function hashOnce(value: readonly Json[] | undefined): string | undefined {
  if (value === undefined) return undefined
  const known = hashes.get(value)
  if (known !== undefined) return known
  const hash = hashOf(value)
  hashes.set(value, hash)
  return hash
}

const hashes = new WeakMap<readonly Json[], string>()
