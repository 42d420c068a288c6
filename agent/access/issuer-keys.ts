import { importJWK, type CryptoKey, type JWK } from 'jose'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { isIssuerUrl } from './pinned-issuers.ts'

/**
 * The signing keys of pinned issuers, fetched by the agent itself. Keys are kept for a while, asked for anew when a token
 * names one that is not known, and never so often that tokens could make the agent knock at somebody's door.
 */
export interface IssuerKeys {
  /**
   * The key of that id; undefined when the issuer does not have it (any more). The error says why the issuer could not
   * be asked.
   */
  find(issuer: string, kid: string, alg: string): Promise<Result<CryptoKey | undefined, string>>
}

/** A key that an issuer withdraws stops counting within this time. */
const FRESH_MS = 10 * 60_000
/** For an issuer that cannot be reached: its keys count on for this long. */
const STALE_MS = 4 * 3_600_000
/** Between two questions to one issuer, whatever the tokens say. */
const ASK_EVERY_MS = 60_000
const MAX_KEYS = 64

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.string().refine(isIssuerUrl) })
const isJwk = (value: unknown): value is JWK =>
  typeof value === 'object' && value !== null && 'kty' in value && typeof value.kty === 'string'
const KeySet = z.object({ keys: z.array(z.custom<JWK>(isJwk)).max(MAX_KEYS) })

interface Known {
  readonly keys: readonly JWK[]
  readonly at: number
}

export function createIssuerKeys(deps: {
  /** GET with bounds; the error is a sentence. */
  readonly fetchJson: (url: URL) => Promise<Result<unknown, string>>
  readonly now: () => number
}): IssuerKeys {
  const known = new Map<string, Known>()
  const askedAt = new Map<string, number>()
  const asking = new Map<string, Promise<Result<Known, string>>>()

  async function ask(issuer: string): Promise<Result<Known, string>> {
    const discovery = await deps.fetchJson(new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
    if (!discovery.ok) return discovery
    const found = Discovery.safeParse(discovery.value)
    if (!found.success) return err(`${issuer} does not answer like an OpenID provider`)
    if (found.data.issuer !== issuer) return err(`${issuer} calls itself ${found.data.issuer.slice(0, 200)}`)
    const set = await deps.fetchJson(new URL(found.data.jwks_uri))
    if (!set.ok) return set
    const keys = KeySet.safeParse(set.value)
    if (!keys.success) return err(`${issuer} has no key set that can be read`)
    const answer = { keys: keys.data.keys.filter(({ use }) => use === undefined || use === 'sig'), at: deps.now() }
    known.set(issuer, answer)
    return ok(answer)
  }

  /** One question at a time and one in a while; between them what is known is the answer. */
  async function refresh(issuer: string): Promise<Result<Known, string>> {
    const running = asking.get(issuer)
    if (running) return running
    const current = known.get(issuer)
    const last = askedAt.get(issuer)
    if (last !== undefined && deps.now() - last < ASK_EVERY_MS)
      return current ? ok(current) : err(`${issuer} could not be asked a moment ago`)
    askedAt.set(issuer, deps.now())
    const question = ask(issuer).finally(() => asking.delete(issuer))
    asking.set(issuer, question)
    return question
  }

  const pick = (keys: readonly JWK[], kid: string, alg: string): JWK | undefined =>
    keys.find((key) => key.kid === kid && (key.alg === undefined || key.alg === alg))

  return {
    async find(issuer, kid, alg) {
      const current = known.get(issuer)
      const age = current ? deps.now() - current.at : Infinity
      let jwk = current && age < FRESH_MS ? pick(current.keys, kid, alg) : undefined
      if (!jwk) {
        const asked = await refresh(issuer)
        if (!asked.ok && !(current && age < STALE_MS)) return asked
        const keys = asked.ok ? asked.value : current
        // Asked a moment ago: what came then may have grown too old meanwhile.
        if (!keys || deps.now() - keys.at >= STALE_MS) return err(`${issuer} cannot be asked for its keys`)
        jwk = pick(keys.keys, kid, alg)
      }
      return ok(jwk && (await importPublic(jwk, alg)))
    },
  }
}

/** Undefined for a key that is not what its name says; a symmetric key is never one. */
async function importPublic(jwk: JWK, alg: string): Promise<CryptoKey | undefined> {
  if (jwk.kty === 'oct') return undefined
  try {
    const key = await importJWK(jwk, alg)
    return key instanceof Uint8Array || key.type !== 'public' ? undefined : key
  } catch {
    return undefined
  }
}
