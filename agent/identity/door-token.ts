import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { DOOR_TOKEN_TTL_S } from '#core/protocol/enroll.ts'
import type { Enrolment } from './enrolment.ts'
import type { Identity } from './identity.ts'

/** The relay judges by its own clock and refuses more than its limit; a little less than that survives rounding. */
const TTL_S = DOOR_TOKEN_TTL_S - 5

/** What opens the relay's door once: signed by the agent's key, for this relay only, used up by its jti. */
export const signDoorToken = (enrolment: Enrolment, identity: Identity, nowMs: number): Promise<string> => {
  const issuedAt = Math.floor(nowMs / 1000)
  return new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: enrolment.agentId })
    .setSubject(enrolment.siteUid)
    .setAudience(enrolment.relayOrigin)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TTL_S)
    .sign(identity.signingKey)
}
