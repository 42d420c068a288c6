import { listDurableObjectIds } from 'cloudflare:test'
import { exports } from 'cloudflare:workers'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { agePhrase, CONNECT_PATH, ENROLL_PATH, JOIN_TOKEN_PREFIX, type EnrollResponse } from '#core/protocol/enroll.ts'
import { PEERS_PATH, SEALED_COPIES_PATH } from '#core/protocol/admission.ts'
import { ROTATE_KEY_PATH, rotationPhrase } from '#core/protocol/rotate-key.ts'
import { SUBPROTOCOL } from '#core/protocol/version.ts'
import { createJoinToken, decideAgent, findAgent, revokeAgent } from '#db/agents.ts'
import { listAudit } from '#db/audit.ts'
import type { Db } from '#db/open.ts'
import { findCiphertextFor, insertSealedSecrets } from '#db/sealed-secrets.ts'
import { DOOR_HEADERS } from '#durable-objects/door-pass.ts'
import { aCluster, aSite } from '../../db/builders.ts'
import { aMigratedDb, newUid, relayEnv, sitePort, writeDocument } from '../../durable-objects/support/relay-world.ts'

const ORIGIN = 'https://relay.example'
const actor = { actor: 'test', requestId: 'r', at: 1 }
type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

let db: Db
let siteUid: string
beforeAll(async () => {
  db = await aMigratedDb()
  siteUid = newUid()
  await writeDocument(db, siteUid, aSite('home'))
})

const relay = (path: string, init?: RequestInit): Promise<Response> =>
  (exports as unknown as { default: Fetcher }).default.fetch(`${ORIGIN}${path}`, init)

async function aJoinToken(expiresInMs = 60_000, approve = true): Promise<string> {
  const token = `${JOIN_TOKEN_PREFIX}${base64url.encode(crypto.getRandomValues(new Uint8Array(32)))}`
  const hash = bytesToHex(sha256(utf8ToBytes(token)))
  const createdAt = Date.now()
  const expiresAt = createdAt + expiresInMs
  await createJoinToken(db, { hash, siteUid, siteName: 'home', createdAt, expiresAt, approve }, actor)
  return token
}

async function anEnrolment(changes: Record<string, unknown> = {}) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const body = {
    token: await aJoinToken(),
    identityKey: (await exportJWK(publicKey)).x,
    ageRecipient: `age1${'q'.repeat(58)}`,
    agentVersion: '0.1.0',
    hostname: 'pve-1',
    ...changes,
  }
  const enroll = () => relay(ENROLL_PATH, { method: 'POST', body: JSON.stringify(body) })
  return { body, privateKey, enroll }
}

async function anAgent(changes: Record<string, unknown> = {}): Promise<{ agentId: string; privateKey: Key }> {
  const { enroll, privateKey } = await anEnrolment(changes)
  const { agentId } = (await (await enroll()).json()) as EnrollResponse
  return { agentId, privateKey }
}

interface TokenChanges {
  readonly kid?: string
  readonly sub?: string
  readonly aud?: string
  readonly aheadS?: number
  readonly ttlS?: number
  readonly jti?: string
}

function doorToken(agent: { agentId: string; privateKey: Key }, changes: TokenChanges = {}): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000) + (changes.aheadS ?? 0)
  return new SignJWT()
    .setProtectedHeader({ alg: 'EdDSA', kid: changes.kid ?? agent.agentId })
    .setSubject(changes.sub ?? siteUid)
    .setAudience(changes.aud ?? ORIGIN)
    .setJti(changes.jti ?? crypto.randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + (changes.ttlS ?? 55))
    .sign(agent.privateKey)
}

const knock = (token: string, headers: Record<string, string> = {}): Promise<Response> =>
  relay(CONNECT_PATH, {
    headers: {
      Upgrade: 'websocket',
      'Sec-WebSocket-Protocol': SUBPROTOCOL,
      Authorization: `Bearer ${token}`,
      ...headers,
    },
  })

describe('enrolment', () => {
  test('[R2] a join token admits one agent, once', async () => {
    const { body, enroll } = await anEnrolment()
    const answer = await enroll()
    expect(answer.status).toBe(201)
    const enrolled = (await answer.json()) as EnrollResponse
    expect(enrolled).toMatchObject({ siteUid, siteName: 'home' })
    expect(Math.abs(enrolled.serverTimeMs - Date.now())).toBeLessThan(10_000)
    expect(await findAgent(db, enrolled.agentId)).toMatchObject({ siteUid, identityKey: body.identityKey })
    const again = await enroll()
    expect(again.status).toBe(403)
    expect(await again.json()).toMatchObject({ code: 'join-token-invalid' })
  })

  test('[R2] unknown and expired tokens get the same answer as used ones', async () => {
    const unknown = `${JOIN_TOKEN_PREFIX}${'x'.repeat(43)}`
    for (const token of [unknown, await aJoinToken(-1)]) {
      const answer = await (await anEnrolment({ token })).enroll()
      expect(answer.status).toBe(403)
      expect(await answer.json()).toMatchObject({ code: 'join-token-invalid' })
    }
  })

  test('an enrolment that is not well formed is named field by field', async () => {
    const answer = await (await anEnrolment({ identityKey: 'short', extra: 1 })).enroll()
    expect(answer.status).toBe(400)
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] }
    expect(errors.map((error) => error.pointer)).toContain('/identityKey')
  })

  test('a body of more than 4 KiB is not read to its end', async () => {
    expect((await relay(ENROLL_PATH, { method: 'POST', body: 'x'.repeat(5_000) })).status).toBe(413)
  })
})

describe('a pending agent', () => {
  const rowCount = async () => JSON.stringify((await relayEnv.DB.prepare('select * from audit').all()).results).length
  const pending = async () => await anAgent({ token: await aJoinToken(60_000, false) })

  test('[R4] is told to wait, reaches no object and writes no row, until an admin has compared its fingerprint', async () => {
    const agent = await pending()
    const before = [(await listDurableObjectIds(relayEnv.SITE)).length, await rowCount()]
    for (let i = 0; i < 3; i++) {
      const answer = await knock(await doorToken(agent))
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'agent-pending'])
    }
    expect([(await listDurableObjectIds(relayEnv.SITE)).length, await rowCount()]).toEqual(before)

    const row = await findAgent(db, agent.agentId)
    await decideAgent(db, row!, 'agent.approved', 'home', actor)
    const answer = await knock(await doorToken(agent))
    expect(answer.status).toBe(101)
    answer.webSocket?.accept()
    answer.webSocket?.close()
  })

  test('[R4] only the holder of its key learns that it is pending, and only for a day', async () => {
    const agent = await pending()
    const stranger = await anAgent()
    expect((await knock(await doorToken({ ...stranger, agentId: agent.agentId }))).status).toBe(401)
    await relayEnv.DB.prepare('update agents set enrolled_at = enrolled_at - 86400000 where id = ?')
      .bind(agent.agentId)
      .run()
    expect((await knock(await doorToken(agent))).status).toBe(401)
  })

  test('[R4] once rejected it is unknown', async () => {
    const agent = await pending()
    await decideAgent(db, (await findAgent(db, agent.agentId))!, 'agent.rejected', 'home', actor)
    expect((await knock(await doorToken(agent))).status).toBe(401)
  })
})

describe('a new key', () => {
  interface Keys {
    readonly publicKey: string
    readonly privateKey: Key
  }
  const aKey = async (): Promise<Keys> => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
    return { publicKey: (await exportJWK(publicKey)).x ?? '', privateKey }
  }
  const signed = async ({ privateKey }: Keys, text: string): Promise<string> =>
    base64url.encode(
      new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey as CryptoKey, new TextEncoder().encode(text))),
    )
  const ageRecipient = `age1${'q'.repeat(58)}`

  async function aRotation(changes: { by?: Keys; next?: Keys; agentId?: string } = {}) {
    const { body, privateKey, enroll } = await anEnrolment()
    const { agentId } = (await (await enroll()).json()) as EnrollResponse
    const old: Keys = { publicKey: body.identityKey ?? '', privateKey }
    const next = changes.next ?? (await aKey())
    const phrase = rotationPhrase(agentId, next.publicKey)
    const request = {
      agentId,
      identityKey: next.publicKey,
      signedByOld: await signed(changes.by ?? old, phrase),
      signedByNew: await signed(next, phrase),
      ageProof: await signed(next, agePhrase(ageRecipient)),
    }
    const ask = (body: object = request) => relay(ROTATE_KEY_PATH, { method: 'POST', body: JSON.stringify(body) })
    return { agentId, old, next, request, ask }
  }

  test('[K3] the old key vouches for it, is refused from then on, and its socket is closed; repeating is safe', async () => {
    const { agentId, old, next, ask } = await aRotation()
    const socket = (await knock(await doorToken({ agentId, privateKey: old.privateKey }))).webSocket
    const closed = new Promise<number>((resolve) => socket?.addEventListener('close', ({ code }) => resolve(code)))
    socket?.accept()
    const answer = await ask()
    const { fingerprint } = (await answer.json()) as { fingerprint: string }
    expect(await findAgent(db, agentId)).toMatchObject({ identityKey: next.publicKey, fingerprint })
    expect(await closed).toBe(1012)
    expect((await ask()).status).toBe(200)
    expect((await knock(await doorToken({ agentId, privateKey: old.privateKey }))).status).toBe(401)
    const again = await knock(await doorToken({ agentId, privateKey: next.privateKey }))
    expect(again.status).toBe(101)
    again.webSocket?.accept()
    again.webSocket?.close()
    const rotations = (await listAudit(db, { limit: 200 })).filter(({ action }) => action === 'agent.key-rotated')
    expect(rotations).toMatchObject([{ actor: `agent:${agentId}`, facts: { agentId, to: fingerprint } }])
  })

  test('[K3] nobody but the holder of both keys changes one, and each refusal is the same', async () => {
    const stranger = await aRotation({ by: await aKey() })
    const { agentId, request, ask, old } = await aRotation()
    const foreign = await aKey()
    const phrase = rotationPhrase(agentId, request.identityKey)
    const attempts = [
      stranger.ask(),
      ask({ ...request, signedByNew: await signed(foreign, phrase) }),
      ask({ ...request, ageProof: await signed(foreign, agePhrase(ageRecipient)) }),
      ask({ ...request, identityKey: foreign.publicKey }),
      ask({ ...request, agentId: newUid() }),
    ]
    for (const answer of await Promise.all(attempts))
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([401, 'agent-unknown'])
    expect((await ask({ ...request, more: 1 })).status).toBe(400)
    expect((await findAgent(db, agentId))?.identityKey).toBe(old.publicKey)
    await revokeAgent(db, (await findAgent(db, agentId))!, 'home', actor)
    expect((await ask()).status).toBe(401)
  })
})

describe('others of the site', () => {
  const authorised = async (agent: { agentId: string; privateKey: Key }) => ({
    Authorization: `Bearer ${await doorToken(agent)}`,
  })
  const copy = async (agent: { agentId: string; privateKey: Key }, body: object) =>
    relay(SEALED_COPIES_PATH, { method: 'POST', body: JSON.stringify(body), headers: await authorised(agent) })

  test('[K6] an approved agent is told of the approved ones of its own site, and nobody else is told anything', async () => {
    const agent = await anAgent()
    const pending = await anAgent({ token: await aJoinToken(60_000, false) })
    const answer = await relay(PEERS_PATH, { headers: await authorised(agent) })
    const { agents } = (await answer.json()) as { agents: { agentId: string }[] }
    const ids = agents.map(({ agentId }) => agentId)
    expect([ids.includes(agent.agentId), ids.includes(pending.agentId)]).toEqual([true, false])
    expect((await relay(PEERS_PATH)).status).toBe(401)
    expect((await relay(PEERS_PATH, { headers: await authorised(pending) })).status).toBe(403)
    expect((await relay(SEALED_COPIES_PATH, { method: 'POST', body: '{}' })).status).toBe(401)
  })

  test('[K6] a bundle sealed anew is kept for an approved agent of the same site and for a bundle of that site', async () => {
    const [by, newcomer] = [await anAgent(), await anAgent()]
    const clusterUid = newUid()
    await writeDocument(db, clusterUid, aCluster(`c-${clusterUid.slice(9)}`))
    const sealed = { clusterUid, version: 1, ciphertext: 'original', recipients: [], createdAt: 1 }
    await insertSealedSecrets(db, sealed)
    const body = { agentId: newcomer.agentId, clusterUid, version: 1, ciphertext: 'anew' }
    expect((await copy(by, body)).status).toBe(201)
    expect(await findCiphertextFor(db, newcomer.agentId, clusterUid, 1)).toBe('anew')
    expect(await findCiphertextFor(db, by.agentId, clusterUid, 1)).toBe('original')

    const strangeUid = newUid()
    await writeDocument(db, strangeUid, aCluster(`c-${strangeUid.slice(9)}`, { site: 'elsewhere' }))
    await insertSealedSecrets(db, { ...sealed, clusterUid: strangeUid })
    const pending = await anAgent({ token: await aJoinToken(60_000, false) })
    const wrongs = [{ clusterUid: strangeUid }, { version: 2 }, { agentId: newUid() }, { agentId: pending.agentId }]
    for (const wrong of wrongs) expect((await copy(by, { ...body, ...wrong })).status).toBe(404)
    expect((await copy(by, { ...body, version: 0 })).status).toBe(400)
    expect((await copy(by, { ...body, ciphertext: 'x'.repeat(90_000) })).status).toBe(413)
  })
})

describe('connect', () => {
  test('an enrolled agent is let through to its site', async () => {
    const agent = await anAgent()
    const answer = await knock(await doorToken(agent))
    expect(answer.status).toBe(101)
    expect(answer.headers.get('Sec-WebSocket-Protocol')).toBe(SUBPROTOCOL)
    answer.webSocket?.accept()
    answer.webSocket?.close(1000)
  })

  test('[S9] a token opens the door once', async () => {
    const token = await doorToken(await anAgent())
    const first = await knock(token)
    first.webSocket?.accept()
    expect([first.status, (await knock(token)).status]).toEqual([101, 401])
  })

  test('[R1] whoever is not verified reaches no object, writes no row, and learns nothing', async () => {
    const agent = await anAgent()
    const stranger = { agentId: agent.agentId, privateKey: (await generateKeyPair('EdDSA')).privateKey }
    const revoked = await anAgent()
    await revokeAgent(db, (await findAgent(db, revoked.agentId))!, 'home', actor)
    const tokens = [
      '',
      'not.a.token',
      await doorToken(stranger),
      await doorToken(revoked),
      await doorToken(agent, { kid: newUid() }),
      await doorToken(agent, { sub: newUid() }),
      await doorToken(agent, { aud: 'https://other.example' }),
      await doorToken(agent, { ttlS: 3_600 }),
      await doorToken(agent, { jti: 'x' }),
    ]
    const before = [await listDurableObjectIds(relayEnv.SITE), await listDurableObjectIds(relayEnv.CLUSTER)].map(
      (ids) => ids.length,
    )
    const bodies = new Set<string>()
    for (const token of tokens) {
      const answer = await knock(token)
      expect(answer.status).toBe(401)
      bodies.add(await answer.text())
    }
    expect(bodies.size).toBe(1)
    const after = [await listDurableObjectIds(relayEnv.SITE), await listDurableObjectIds(relayEnv.CLUSTER)].map(
      (ids) => ids.length,
    )
    expect(after).toEqual(before)
  })

  test.each([-120, 120])('[R3] an agent whose clock is %i s off is told the time', async (aheadS) => {
    const answer = await knock(await doorToken(await anAgent(), { aheadS }))
    expect(answer.status).toBe(401)
    const body = (await answer.json()) as { code: string; serverTimeMs: number }
    expect(body.code).toBe('clock-skewed')
    expect(Math.abs(body.serverTimeMs - Date.now())).toBeLessThan(10_000)
  })

  test('[R1] claims cannot be brought along in headers', async () => {
    const agent = await anAgent()
    const answer = await knock(await doorToken(agent), {
      [DOOR_HEADERS.siteUid]: newUid(),
      [DOOR_HEADERS.agentId]: 'root',
    })
    expect(answer.status).toBe(101)
    answer.webSocket?.accept()
    expect(await sitePort(siteUid).ledger(siteUid)).toMatchObject({ online: false })
    answer.webSocket?.close(1000)
  })

  test('a plain request, or one without the subprotocol, is told what is expected', async () => {
    expect((await relay(CONNECT_PATH)).status).toBe(400)
    expect((await relay(CONNECT_PATH, { headers: { Upgrade: 'websocket' } })).status).toBe(400)
  })
})

describe('other paths', () => {
  test.each([
    { path: '/', method: 'GET', status: 404 },
    { path: '/relay/v1/connect/x', method: 'GET', status: 404 },
    { path: ENROLL_PATH, method: 'GET', status: 405 },
    { path: CONNECT_PATH, method: 'POST', status: 405 },
  ])('$method $path is a problem with status $status', async ({ path, method, status }) => {
    const answer = await relay(path, { method })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })
})
