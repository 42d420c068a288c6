import { err, ok, type Result } from '#core/base/result.ts'
import { signDoorToken } from './door-token.ts'
import type { Enrolment } from './enrolment.ts'
import type { Identity } from './identity.ts'

const TIMEOUT_MS = 30_000

/** A small HTTP request to the relay in this agent's name, with a door token of its own: GET, or POST with a body. */
export async function askRelay(
  enrolment: Enrolment,
  identity: Identity,
  path: string,
  body?: object,
): Promise<Result<unknown, string>> {
  try {
    const response = await fetch(new URL(path, enrolment.relayOrigin), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${await signDoorToken(enrolment, identity, Date.now())}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer: unknown = await response.json().catch(() => undefined)
    return response.ok ? ok(answer) : err(`the relay refused: HTTP ${response.status}`)
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : String(thrown)
    return err(`${enrolment.relayOrigin} cannot be reached: ${cause}`)
  }
}
