import type { Db } from '#db/open.ts'
import type { Caller } from './access/caller.ts'
import type { RateLimit } from './limits.ts'
import type { KeyCache } from './login/key-cache.ts'

/** Bindings of the API script, as wrangler.toml gives them. */
export interface ApiBindings {
  readonly DB: D1Database
  /** All classes live in the relay script. */
  readonly CLUSTER: DurableObjectNamespace
  readonly SITE: DurableObjectNamespace
  readonly LANE: DurableObjectNamespace
  readonly ASSETS: Fetcher
  /** The bootstrap token: admin until it is exchanged for the first real one. */
  readonly ADMIN_TOKEN?: string
  /** Origin at which agents reach the relay; by default the origin of the request. */
  readonly RELAY_URL?: string
  /** The identity provider of people; without both nobody logs in. */
  readonly OIDC_ISSUER?: string
  readonly OIDC_CLIENT_ID?: string
  /** The claim that lists groups; `groups` by default. */
  readonly OIDC_GROUPS_CLAIM?: string
  /** Cloudflare Access in front of this Worker: `TEAM.cloudflareaccess.com` and the AUD tag of the application. */
  readonly ACCESS_TEAM_DOMAIN?: string
  readonly ACCESS_AUD?: string
  /** For how long the audit is kept; a year by default. */
  readonly AUDIT_DAYS?: string
  readonly ADDRESS_LIMIT?: RateLimit
  readonly ATTEMPT_LIMIT?: RateLimit
  readonly IDENTITY_LIMIT?: RateLimit
}

/** What a handler finds in its context. */
export interface ApiEnv {
  Bindings: ApiBindings
  Variables: {
    /** Names this request in its answer, in the log and in the audit. */
    requestId: string
    /** Epoch ms; one moment for the whole request. */
    now: number
    db: Db
    /** Not there on a route for anyone. */
    caller: Caller
    /** Keys of the identity provider, kept from request to request. */
    keys: KeyCache
  }
}
