import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { Uid } from '#core/model/ids.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { DOOR_TOKEN_TTL_S, PENDING_TTL_MS } from '#core/protocol/enroll.ts'
import type { AgentRow } from '#db/agents.ts'
import type { DoorPass } from '#durable-objects/door-pass.ts'

/** A token may be dated this much ahead: clocks disagree, and a second is cut off when it is written. */
const TOLERATED_AHEAD_S = 5

const Claims = z.object({
  sub: Uid,
  aud: z.string().max(300),
  jti: z.string().min(8).max(64),
  iat: z.int(),
  exp: z.int(),
})

const refused: Problem = problem('agent-unknown')

/**
 * Verifies the token an agent opens the door with: EdDSA by the key it enrolled with, for this relay and this site,
 * for at most a minute.
 *
 * Every refusal is the same `agent-unknown`, so that nothing is learnt from it. Only a holder of the key is told
 * `clock-skewed`, with the server's time, or `agent-pending` while no admin has compared its fingerprint (R4).
 */
export async function verifyDoorToken(
  token: string,
  expected: { readonly audience: string; readonly nowMs: number },
  findAgent: (agentId: string) => Promise<AgentRow | undefined>,
): Promise<Result<DoorPass, Problem>> {
  const agentId = keyIdOf(token)
  const agent = agentId === undefined ? undefined : await findAgent(agentId)
  if (!agent || agent.revokedAt !== undefined) return err(refused)
  const claims = await verifiedClaims(token, agent.identityKey)
  if (!claims || claims.aud !== expected.audience || claims.sub !== agent.siteUid) return err(refused)
  if (claims.exp - claims.iat > DOOR_TOKEN_TTL_S || claims.exp <= claims.iat) return err(refused)
  const nowS = expected.nowMs / 1000
  if (claims.iat > nowS + TOLERATED_AHEAD_S || claims.exp <= nowS) return err(problem('clock-skewed'))
  // Told only to the holder of the key, and no object hears of it.
  if (agent.approvedAt === undefined)
    return err(expected.nowMs - agent.enrolledAt < PENDING_TTL_MS ? problem('agent-pending') : refused)
  return ok({ agentId: agent.id, siteUid: agent.siteUid, jti: claims.jti, expiresAt: claims.exp * 1000 })
}

function keyIdOf(token: string): string | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token)
    return alg === 'EdDSA' && Uid.safeParse(kid).success ? kid : undefined
  } catch {
    return undefined
  }
}

async function verifiedClaims(token: string, identityKey: string): Promise<z.infer<typeof Claims> | undefined> {
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: identityKey }, 'EdDSA')
    const { payload } = await compactVerify(token, key, { algorithms: ['EdDSA'] })
    return Claims.safeParse(JSON.parse(new TextDecoder().decode(payload))).data
  } catch {
    return undefined
  }
}
