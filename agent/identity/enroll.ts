import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { ENROLL_PATH, EnrollResponse, type EnrollRequest } from '#core/protocol/enroll.ts'
import { proveAge, type Identity } from './identity.ts'

/** The relay answers in a second or not at all. */
const ENROLL_TIMEOUT_MS = 30_000
/** Door tokens live 60 s: a clock further off than half of that will be refused sooner or later. */
export const TOLERATED_SKEW_MS = 30_000

const ProblemBody = z.object({
  code: z.string().max(64),
  detail: z.string().max(500).optional(),
  advice: z.string().max(500).optional(),
})

/** The join token crosses the wire, so anything but this machine itself must be reached by TLS. */
export function readRelayUrl(text: string): Result<URL, string> {
  if (!URL.canParse(text))
    return err(`"${text}" is not a URL; it looks like https://lanline-agent-relay.example.workers.dev`)
  const url = new URL(text)
  const local = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && local)) return ok(new URL(url.origin))
  return err(`"${text}" must begin with https://, because the join token is sent to it`)
}

/**
 * Shows the join token once, with the public halves of the agent's keys. Repeating it after a lost answer needs a new
 * token, since a token works once; the keys stay the same.
 */
export async function enroll(
  relay: URL,
  token: string,
  agent: { readonly identity: Identity; readonly version: string; readonly hostname: string },
): Promise<Result<EnrollResponse, string>> {
  const request: EnrollRequest = {
    token,
    identityKey: agent.identity.publicKey,
    ageRecipient: agent.identity.ageRecipient,
    ageProof: proveAge(agent.identity),
    agentVersion: agent.version,
    hostname: agent.hostname,
  }
  let response: Response
  try {
    response = await fetch(new URL(ENROLL_PATH, relay), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      redirect: 'error',
      signal: AbortSignal.timeout(ENROLL_TIMEOUT_MS),
    })
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : String(thrown)
    return err(`${relay.origin} cannot be reached: ${cause}`)
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) {
    const found = ProblemBody.safeParse(body)
    const said = found.success
      ? [found.data.detail ?? found.data.code, found.data.advice].join(' ').trim()
      : `HTTP ${response.status}; is --url the address of the relay?`
    return err(`${relay.origin} refused the enrolment: ${said}`)
  }
  const read = EnrollResponse.safeParse(body)
  return read.success ? ok(read.data) : err(`${relay.origin} does not answer like a Lanline relay`)
}
