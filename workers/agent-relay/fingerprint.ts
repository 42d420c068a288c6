import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** The first ten bytes of SHA-256 over the raw public key, in five groups: what agent and owner compare by eye. */
export function fingerprintOf(identityKey: string): string {
  const raw = Uint8Array.from(atob(identityKey.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  return (bytesToHex(sha256(raw)).slice(0, 20).match(/.{4}/g) ?? []).join('-')
}
