import { makeToken, TOKEN_RANDOM_BYTES, type TokenKind } from '#core/access/token-text.ts'
import { mintUid } from '#core/model/ids.ts'
import { sha256Hex } from '../digest.ts'

export interface Minted {
  /** Shown once; kept by nobody but its owner. */
  readonly token: string
  readonly hash: string
  /** By which people name it. */
  readonly id: string
}

export async function mintCredential(kind: TokenKind, now: number): Promise<Minted> {
  const token = makeToken(kind, crypto.getRandomValues(new Uint8Array(TOKEN_RANDOM_BYTES)))
  return { token, hash: await sha256Hex(token), id: newUid(now) }
}

export const newUid = (now: number): string => mintUid(now, crypto.getRandomValues(new Uint8Array(11)))
