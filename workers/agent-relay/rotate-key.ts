import { utf8ToBytes } from '@noble/hashes/utils.js'
import { problem } from '#core/model/problem.ts'
import { agePhrase } from '#core/protocol/enroll.ts'
import { RotateKeyRequest, rotationPhrase } from '#core/protocol/rotate-key.ts'
import { findAgent, rotateAgentKey } from '#db/agents.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { siteObject } from '#durable-objects/stubs.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readBody } from './read-body.ts'

/** Three signatures and a key are about 500 bytes. */
const MAX_BODY_BYTES = 4 * 1024

/**
 * Puts a new identity key in the place of the old one, for whoever holds both. From then on the old one opens nothing, and
 * a socket that it opened is closed. Repeating it after a lost answer is safe.
 *
 * Problems: invalid-request, body-too-large · agent-unknown, which does not tell unknown, revoked and wrongly signed apart.
 */
export async function rotateKey(request: Request, env: RelayEnv): Promise<Response> {
  const body = await readBody(request, MAX_BODY_BYTES)
  if (body === undefined) return problemResponse(problem('body-too-large', { maxBytes: MAX_BODY_BYTES }))
  const read = RotateKeyRequest.safeParse(parseJson(body))
  if (!read.success) return problemResponse(problem('invalid-request'))
  const { agentId, identityKey, signedByOld, signedByNew, ageProof } = read.data
  const db = openDb(env.DB)
  const agent = await findAgent(db, agentId)
  const refused = (): Response => problemResponse(problem('agent-unknown'))
  if (!agent || agent.revokedAt !== undefined || agent.approvedAt === undefined) return refused()
  const phrase = rotationPhrase(agentId, identityKey)
  if (!(await isSigned(identityKey, phrase, signedByNew))) return refused()
  if (!(await isSigned(identityKey, agePhrase(agent.ageRecipient), ageProof))) return refused()
  const fingerprint = fingerprintOf(identityKey)
  if (agent.identityKey !== identityKey) {
    if (!(await isSigned(agent.identityKey, phrase, signedByOld))) return refused()
    const change = { identityKey, fingerprint, ageProof, at: Date.now(), requestId: crypto.randomUUID() }
    if (!(await rotateAgentKey(db, agent, change))) return refused()
  }
  await siteObject(env, agent.siteUid).redial(agent.siteUid, agentId)
  return Response.json({ fingerprint }, { headers: { 'cache-control': 'no-store' } })
}

async function isSigned(publicKey: string, text: string, signature: string): Promise<boolean> {
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey }
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, fromBase64Url(signature), utf8ToBytes(text))
  } catch {
    return false
  }
}

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
