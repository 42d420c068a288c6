import { z } from 'zod'

/** Names are DNS labels, because they become host names, VM names and Kubernetes node names. */
export const MAX_NAME_CHARS = 40
export const Name = z
  .string()
  .max(MAX_NAME_CHARS, `a name has at most ${MAX_NAME_CHARS} characters`)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    'a name has lower-case letters, digits and inner hyphens only, like "home" or "talos-node-0"',
  )

/** Minted by the API, never reused: 20 characters of Crockford base 32, time first. */
export const Uid = z.string().regex(/^[0-9a-hjkmnp-tv-z]{20}$/)
export type Uid = z.infer<typeof Uid>

/** SMBIOS UUID, lower case; new for each incarnation of a machine. */
export const MachineId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
export type MachineId = z.infer<typeof MachineId>

/** `<cluster uid>-<number>`: whoever has the id knows which object to ask. */
export const OperationId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{20}-\d{1,9}$/)
export type OperationId = z.infer<typeof OperationId>

export const clusterUidOf = (operationId: OperationId): Uid => operationId.slice(0, 20)

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** 9 characters of time (ms) and 11 of randomness: sorts by birth. `random` gives at least 11 bytes. */
export function mintUid(nowMs: number, random: Uint8Array): Uid {
  let time = nowMs
  let text = ''
  for (let i = 0; i < 9; i++) {
    text = ALPHABET[time % 32]! + text
    time = Math.floor(time / 32)
  }
  for (let i = 0; i < 11; i++) text += ALPHABET[random[i]! % 32]!
  return text
}

/** A version 4 UUID from 16 random bytes. */
export function mintMachineId(random: Uint8Array): MachineId {
  const hex = Array.from(random.subarray(0, 16), (byte, index) => {
    const value = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte
    return value.toString(16).padStart(2, '0')
  }).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A unicast, locally administered MAC from 5 random bytes, upper case as Proxmox writes it. */
export const mintMac = (random: Uint8Array): string =>
  ['02', ...Array.from(random.subarray(0, 5), (byte) => byte.toString(16).padStart(2, '0'))].join(':').toUpperCase()
