/** Lower-case hex SHA-256: the form in which every credential is stored. */
export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Compares digests of equal length in constant time, so that neither length nor prefix of a secret shows. */
export async function isSame(given: string, secret: string): Promise<boolean> {
  const digest = async (text: string) => await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(given), digest(secret)])
  return crypto.subtle.timingSafeEqual(a, b)
}
