import { problem } from '#core/model/problem.ts'
import { SealedCopyRequest, type PeersResponse } from '#core/protocol/admission.ts'
import { findAgent, listAgents } from '#db/agents.ts'
import { recordAudit } from '#db/audit.ts'
import { openDb } from '#db/open.ts'
import { listSealedSecrets, putSealedCopy } from '#db/sealed-secrets.ts'
import { findDocumentByUid } from '#db/documents.ts'
import type { RelayEnv } from '#durable-objects/env.ts'
import { problemResponse } from '#durable-objects/problem-response.ts'
import { passOf, refusal } from './authorised.ts'
import { readBody } from './read-body.ts'

/** A sealed bundle, and what it is. */
const MAX_BODY_BYTES = 80 * 1024
/** Versions of one cluster; a rotation adds one. */
const MAX_VERSIONS = 1_000

/** The approved agents of the asker's site, with their public keys. What they are worth the asker finds out by itself. */
export async function peers(request: Request, env: RelayEnv): Promise<Response> {
  const now = Date.now()
  const pass = await passOf(request, env, now)
  if (!pass.ok) return refusal(pass.error, now)
  const agents = (await listAgents(openDb(env.DB), pass.value.siteUid))
    .filter(({ approvedAt, revokedAt }) => approvedAt !== undefined && revokedAt === undefined)
    .map(({ id, identityKey, ageRecipient, ageProof }) => ({
      agentId: id,
      identityKey,
      ageRecipient,
      ...(ageProof === undefined ? {} : { ageProof }),
    }))
  return Response.json({ agents } satisfies PeersResponse, { headers: { 'cache-control': 'no-store' } })
}

/** Keeps a bundle that one agent has sealed anew for another one of the same site; audited. */
export async function sealedCopies(request: Request, env: RelayEnv): Promise<Response> {
  const now = Date.now()
  const pass = await passOf(request, env, now)
  if (!pass.ok) return refusal(pass.error, now)
  const body = await readBody(request, MAX_BODY_BYTES)
  if (body === undefined) return problemResponse(problem('body-too-large', { maxBytes: MAX_BODY_BYTES }))
  const read = SealedCopyRequest.safeParse(parseJson(body))
  if (!read.success) return problemResponse(problem('invalid-request'))
  const copy = read.data
  const db = openDb(env.DB)
  const { siteUid, agentId: by } = pass.value
  const [agent, site, known] = await Promise.all([
    findAgent(db, copy.agentId),
    findDocumentByUid(db, siteUid),
    listSealedSecrets(db, { limit: MAX_VERSIONS, clusterUid: copy.clusterUid }),
  ])
  const original = known.find(({ version }) => version === copy.version)
  const admissible = agent?.siteUid === siteUid && agent.revokedAt === undefined && agent.approvedAt !== undefined
  if (!admissible || !site || original?.site !== site.metadata.name) return problemResponse(problem('not-found'))
  await putSealedCopy(db, copy, now)
  const facts = { agentId: copy.agentId, clusterUid: copy.clusterUid, version: copy.version }
  const actor = { actor: `agent:${by}`, requestId: crypto.randomUUID(), at: now }
  await recordAudit(db, actor, [
    { action: 'secrets.copied', kind: 'Site', name: site.metadata.name, uid: siteUid, facts },
  ])
  return Response.json({}, { status: 201, headers: { 'cache-control': 'no-store' } })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
