import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { mintUid } from '#core/model/ids.ts'
import { problem } from '#core/model/problem.ts'
import { EnrollRequest, type EnrollResponse } from '#core/protocol/enroll.ts'
import { enrolAgent } from '#db/agents.ts'
import { openDb } from '#db/open.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readBody } from './read-body.ts'

/** An enrolment is about 400 bytes. */
const MAX_BODY_BYTES = 4 * 1024

/**
 * Admits an agent whose join token is good, once: the token is used up in the same batch that writes the agent. Only
 * public halves of keys arrive here.
 *
 * Problems: invalid-request, body-too-large · join-token-invalid, which does not tell unknown, used and expired apart.
 */
export async function enroll(request: Request, env: RelayEnv): Promise<Response> {
  const body = await readBody(request, MAX_BODY_BYTES)
  if (body === undefined) return problemResponse(problem('body-too-large', { maxBytes: MAX_BODY_BYTES }))
  const read = EnrollRequest.safeParse(parseJson(body))
  if (!read.success) {
    const errors = read.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, message: issue.message }))
    return problemResponse(problem('invalid-request'), { errors })
  }
  const { token, identityKey, ageRecipient, ageProof, agentVersion, hostname } = read.data
  const now = Date.now()
  const agentId = mintUid(now, crypto.getRandomValues(new Uint8Array(11)))
  const fingerprint = fingerprintOf(identityKey)
  const enrolled = await enrolAgent(openDb(env.DB), {
    tokenHash: bytesToHex(sha256(utf8ToBytes(token))),
    agent: { id: agentId, identityKey, ageRecipient, ageProof, fingerprint, hostname, version: agentVersion },
    at: now,
    requestId: crypto.randomUUID(),
  })
  if (!enrolled) return problemResponse(problem('join-token-invalid'))
  const { siteUid, siteName, approvedAt } = enrolled
  const answer: EnrollResponse = {
    agentId,
    siteUid,
    siteName,
    serverTimeMs: now,
    approved: approvedAt !== undefined,
  }
  return Response.json(answer, { status: 201, headers: { 'cache-control': 'no-store' } })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
