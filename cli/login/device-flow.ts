import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { postForm, requestTokens, type Fetch, type Issuer, type IssuerRefusal, type Tokens } from './issuer.ts'

/**
 * The device flow: the person opens an address on any machine and types a code, while the CLI asks whether they have.
 * Works where no browser is, as over SSH. Source: RFC 8628.
 */
const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
export const SCOPES = 'openid email profile groups offline_access'
/** RFC 8628 §3.2 and §3.5. */
const DEFAULT_INTERVAL_S = 5
const SLOW_DOWN_S = 5
/** No provider gives longer, and nobody waits longer. */
const MAX_WAIT_S = 30 * 60

const DeviceAnswer = z.object({
  device_code: z.string(),
  user_code: z.string().max(64),
  verification_uri: z.url(),
  verification_uri_complete: z.url().optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().max(60).default(DEFAULT_INTERVAL_S),
})

export interface DeviceWorld {
  readonly fetch: Fetch
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  /** Where the person goes and what they type there. */
  readonly show: (prompt: {
    readonly url: string
    readonly code: string
    readonly completeUrl: string | undefined
  }) => void
}

/** Ends with tokens, with the person's refusal, or when the code has run out. */
export async function loginByDevice(issuer: Issuer, world: DeviceWorld): Promise<Result<Tokens, IssuerRefusal>> {
  if (issuer.deviceEndpoint === undefined)
    return err({ error: 'no-device-flow', text: 'the provider has no device flow; use lanline login --browser' })
  const asked = await postForm(issuer.deviceEndpoint, { client_id: issuer.clientId, scope: SCOPES }, world.fetch)
  if (!asked.ok) return asked
  const device = DeviceAnswer.safeParse(asked.value)
  if (!device.success) return err({ error: 'no-answer', text: 'the provider gave no device code' })
  const { device_code, user_code, verification_uri, verification_uri_complete, expires_in, interval } = device.data
  world.show({ url: verification_uri, code: user_code, completeUrl: verification_uri_complete })
  const endsAt = world.now() + Math.min(expires_in, MAX_WAIT_S) * 1000
  let pauseS = interval
  while (world.now() < endsAt) {
    await world.sleep(pauseS * 1000)
    const tokens = await requestTokens(issuer, { grant_type: GRANT, device_code }, world.fetch)
    if (tokens.ok) return ok(tokens.value)
    if (tokens.error.error === 'slow_down') pauseS += SLOW_DOWN_S
    else if (!['authorization_pending', 'no-answer'].includes(tokens.error.error)) return tokens
  }
  return err({ error: 'expired_token', text: 'nobody confirmed the code in time' })
}
