/** Bindings of the relay script, which hosts the object classes (workers/agent-relay/wrangler.toml). */
export interface RelayEnv {
  readonly DB: D1Database
  readonly CLUSTER: DurableObjectNamespace
  readonly SITE: DurableObjectNamespace
  readonly LANE: DurableObjectNamespace
  /** Origin agents put into the `aud` of their token; by default the origin of the request. */
  readonly RELAY_ORIGIN?: string
}
