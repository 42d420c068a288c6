import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { fetchJson, type Fetcher } from './fetch-json.ts'

/**
 * The published keys of identity providers, kept in this isolate. A key that is no longer published is refused once the
 * copy is older than FRESH_MS; a key that is not in the copy makes us look again, but not more than once in LOOK_EVERY_MS,
 * whatever strangers send.
 */
const FRESH_MS = 10 * 60_000
const LOOK_EVERY_MS = 60_000
/** A provider that does not answer does not lock its people out at once. */
const STALE_MS = 24 * 3_600_000
const MAX_KEYS = 50
/** This deployment's own provider and its Cloudflare Access team; more would be a fault. */
const MAX_PROVIDERS = 4

const Jwk = z.object({
  kid: z.string().max(256),
  kty: z.enum(['RSA', 'EC', 'OKP']),
  use: z.string().optional(),
  crv: z.string().optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
})
export type Jwk = z.infer<typeof Jwk>
/** Keys of kinds that we do not take are passed over, not refused. */
const Jwks = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) })
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() })

/** Where keys come from: named by the settings (Access), or by the provider's discovery document. */
export type KeySource = { readonly issuer: string } | { readonly issuer: string; readonly jwksUrl: string }

interface Copy {
  readonly keys: ReadonlyMap<string, Jwk>
  readonly fetchedAt: number
  readonly triedAt: number
}

export class KeyCache {
  readonly #copies = new Map<string, Copy>()
  readonly #fetch: Fetcher

  constructor(fetcher: Fetcher) {
    this.#fetch = fetcher
  }

  /** Problems: id-token-key-unknown · issuer-unreachable (later). */
  async find(source: KeySource, kid: string, now: number): Promise<Result<Jwk, Problem>> {
    let copy = this.#copies.get(source.issuer)
    const known = copy?.keys.has(kid) === true && now - copy.fetchedAt < FRESH_MS
    if (!known && (copy === undefined || now - copy.triedAt >= LOOK_EVERY_MS)) {
      copy = await this.#look(source, now, copy)
      if (this.#copies.size < MAX_PROVIDERS || this.#copies.has(source.issuer)) this.#copies.set(source.issuer, copy)
    }
    const key = copy?.keys.get(kid)
    const age = copy === undefined ? Infinity : now - copy.fetchedAt
    if (key && age < STALE_MS) return ok(key)
    return err(problem(age >= FRESH_MS ? 'issuer-unreachable' : 'id-token-key-unknown'))
  }

  async #look(source: KeySource, now: number, before: Copy | undefined): Promise<Copy> {
    const keys = await this.#read(source)
    if (keys) return { keys, fetchedAt: now, triedAt: now }
    return { keys: before?.keys ?? new Map(), fetchedAt: before?.fetchedAt ?? -Infinity, triedAt: now }
  }

  async #read(source: KeySource): Promise<ReadonlyMap<string, Jwk> | undefined> {
    const url = 'jwksUrl' in source ? source.jwksUrl : await this.#discover(source.issuer)
    const jwks = url === undefined ? undefined : Jwks.safeParse(await this.#get(url))
    if (!jwks?.success) return undefined
    const keys = jwks.data.keys.map((key) => Jwk.safeParse(key)).flatMap(({ data }) => data ?? [])
    return new Map(keys.filter(({ use }) => use === undefined || use === 'sig').map((key) => [key.kid, key]))
  }

  async #discover(issuer: string): Promise<string | undefined> {
    const found = Discovery.safeParse(await this.#get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
    return found.success && found.data.issuer === issuer ? found.data.jwks_uri : undefined
  }

  async #get(url: string): Promise<unknown> {
    return await fetchJson(this.#fetch, url, { headers: { accept: 'application/json' } })
  }
}
