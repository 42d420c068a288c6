import { createSecretsBundle } from '#agent/vault/create-bundle.ts'
import type { SecretsBundle } from '#core/talos/secrets-bundle.ts'

let made: Promise<SecretsBundle> | undefined

/** One real bundle per test file: making the RSA key takes seconds. */
export const aBundle = (): Promise<SecretsBundle> =>
  (made ??= createSecretsBundle({
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    nowMs: Date.now(),
  }))
