import { z } from 'zod'

/**
 * What the CLI itself reads of an ID token: until when it is good, and whose it is. It never trusts it; the API and the
 * agents verify signature and claims.
 */
const Claims = z.object({
  exp: z.number(),
  nonce: z.string().optional(),
  sub: z.string(),
  email: z.string().optional(),
})
export type IdTokenClaims = z.infer<typeof Claims>

export function readClaims(idToken: string): IdTokenClaims | undefined {
  try {
    const payload = Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString('utf8')
    return Claims.safeParse(JSON.parse(payload)).data
  } catch {
    return undefined
  }
}
