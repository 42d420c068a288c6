import type { Db } from '#db/open.ts'

/** Bindings of the API script, as wrangler.toml gives them. */
export interface ApiBindings {
  readonly DB: D1Database
  /** All classes live in the relay script. */
  readonly CLUSTER: DurableObjectNamespace
  readonly SITE: DurableObjectNamespace
  readonly LANE: DurableObjectNamespace
  readonly ASSETS: Fetcher
  /** The one credential of the owner. */
  readonly ADMIN_TOKEN: string
  /** Origin at which agents reach the relay; by default the origin of the request. */
  readonly RELAY_URL?: string
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
  }
}
