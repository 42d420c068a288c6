/** Text forms of bytes, as JOSE writes them. */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text))

/** A name nobody guesses: codes, tokens, ids of keys. */
export const randomName = (bytes = 24): string => toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)))

export const sha256 = async (text: string): Promise<string> =>
  toBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))))
