import { fromBase64 } from './base64.ts'

/** One block of PEM: what it is and its bytes. */
export interface PemBlock {
  /** As in `EC PRIVATE KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

/** base64 of PEM → PEM; empty for anything else. PEM is plain ASCII. */
export const decodedPem = (text: string): string => String.fromCharCode(...(fromBase64(text) ?? []))

/** A text that is exactly one block of PEM; undefined when it is not. */
export function parsePem(text: string): PemBlock | undefined {
  const match = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END ([A-Z0-9 ]+)-----\s*$/.exec(text)
  if (!match || match[1] !== match[3]) return undefined
  const der = fromBase64(match[2]!.replace(/[\r\n]/g, ''))
  return der && { label: match[1]!, der }
}
