import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

const KEY_BYTES = 32
/** Part of every token: a new derivation needs a new label, or old tokens would read as drift. */
const LABEL = 'lanline config token v1'

/**
 * A fingerprint of a machine's configuration that the cloud may see: equal tokens mean equal configurations, and nothing
 * of the text can be guessed from one, because its key is derived from the bundle. `canonicalDocs` is what
 * `canonicalConfig` gives. Lower-case hex, 64 digits.
 */
export function deriveConfigToken(bundle: SecretsBundle, canonicalDocs: string): string {
  const key = hkdf(sha256, utf8ToBytes(bundle.cluster.secret), undefined, utf8ToBytes(LABEL), KEY_BYTES)
  return bytesToHex(hmac(sha256, key, utf8ToBytes(canonicalDocs)))
}
