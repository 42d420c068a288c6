import { createHmac, generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createIssuerKeys } from '#agent/access/issuer-keys.ts'
import { createUsedOnce } from '#agent/access/used-once.ts'
import { verifyIdentity, type VerifyDeps } from '#agent/access/verify-identity.ts'
import { ensureOwnerKey, signOwnerAssertion } from '#cli/recovery/owner-key.ts'
import { aStateDir } from '../journal/journal-at.ts'
import { anIssuer, CLIENT, ISSUER, NOW, type AnIssuer } from './an-issuer.ts'

const FINGERPRINT = '0123-4567-89ab-cdef-0123'

function deps(issuer: AnIssuer, changes: Partial<VerifyDeps> = {}): VerifyDeps {
  const now = changes.now ?? (() => NOW)
  return {
    trust: { issuers: [{ issuer: ISSUER, clientId: CLIENT, groupsClaim: 'groups' }], ownerKeys: [] },
    fingerprint: FINGERPRINT,
    now,
    keys: createIssuerKeys({ fetchJson: issuer.fetchJson, now }),
    used: createUsedOnce(NOW - 3_600_000),
    ...changes,
  }
}

const reasonOf = async (token: string, given: VerifyDeps): Promise<unknown> => {
  const found = await verifyIdentity(token, given)
  return found.ok ? found.value.subject : (found.error.facts['reason'] ?? found.error.code)
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('ID tokens', () => {
  test('[K1] a token of a pinned issuer says who it is, with the groups of the pinned claim', async () => {
    const issuer = await anIssuer()
    const trust = { issuers: [{ issuer: ISSUER, clientId: CLIENT, groupsClaim: 'teams' }], ownerKeys: [] }
    const token = await issuer.sign({ teams: ['a', 7, '', 'b'], nonce: 'bound' })
    expect(await verifyIdentity(token, deps(issuer, { trust }))).toEqual({
      ok: true,
      value: {
        issuer: ISSUER,
        subject: 'ada',
        groups: ['a', 'b'],
        kind: 'person',
        expiresAt: NOW + 300_000,
        boundTo: 'bound',
      },
    })
  })

  test.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    ['another issuer', 'issuer-not-pinned', { iss: 'https://evil.example' }, {}],
    ['the issuer with a slash more', 'issuer-not-pinned', { iss: `${ISSUER}/` }, {}],
    ['another audience', 'audience', { aud: 'somebody-else' }, {}],
    ['several audiences, none of which asked', 'audience', { aud: [CLIENT, 'other'] }, {}],
    ['several audiences, another of which asked', 'audience', { aud: [CLIENT, 'other'], azp: 'other' }, {}],
    ['expired', 'expired', { exp: NOW / 1000 - 61 }, {}],
    ['from the future', 'not-yet-valid', { iat: NOW / 1000 + 61 }, {}],
    ['not valid yet', 'not-yet-valid', { nbf: NOW / 1000 + 61 }, {}],
    ['no key id', 'key-unknown', {}, { kid: undefined }],
    ['a key id nobody has', 'key-unknown', {}, { kid: 'key-9' }],
    ['no subject', 'malformed', { sub: '' }, {}],
  ])('[K1] refuses %s as %s', async (_what, reason, claims, header) => {
    const issuer = await anIssuer()
    expect(await reasonOf(await issuer.sign(claims, header), deps(issuer))).toBe(reason)
  })

  test.each<[string, Record<string, unknown>]>([
    ['a clock a minute ahead', { iat: NOW / 1000 + 59 }],
    ['a clock a minute behind', { exp: NOW / 1000 - 59 }],
    ['several audiences of which ours asked', { aud: [CLIENT, 'other'], azp: CLIENT }],
  ])('[K1] tolerates %s', async (_what, claims) => {
    const issuer = await anIssuer()
    expect(await reasonOf(await issuer.sign(claims), deps(issuer))).toBe('ada')
  })

  test('[K1] refuses a token without a signature, and one signed with the public key as a shared secret', async () => {
    const issuer = await anIssuer()
    const [, claims = ''] = (await issuer.sign()).split('.')
    expect(await reasonOf(`${base64({ alg: 'none', kid: 'key-1' })}.${claims}.`, deps(issuer))).toBe('algorithm')
    const confused = `${base64({ alg: 'HS256', kid: 'key-1' })}.${claims}`
    const mac = createHmac('sha256', JSON.stringify(issuer.keySet().keys[0])).update(confused).digest('base64url')
    expect(await reasonOf(`${confused}.${mac}`, deps(issuer))).toBe('algorithm')
  })

  test('[K1] refuses a changed token, and one of a key under the name of another', async () => {
    const issuer = await anIssuer()
    const [header, , signature] = (await issuer.sign()).split('.')
    const claims = base64({ iss: ISSUER, sub: 'root', aud: CLIENT, iat: NOW / 1000, exp: NOW / 1000 + 60 })
    expect(await reasonOf(`${header}.${claims}.${signature}`, deps(issuer))).toBe('signature')
    const stranger = await anIssuer()
    expect(await reasonOf(await stranger.sign(), deps(issuer))).toBe('signature')
  })

  test('[K1] a rotated key counts at once, the withdrawn one no longer once the keys are read again', async () => {
    const issuer = await anIssuer()
    let now = NOW
    const given = deps(issuer, { now: () => now })
    const early = await issuer.sign({ exp: NOW / 1000 + 3_600 })
    expect(await reasonOf(early, given)).toBe('ada')
    await issuer.rotate()
    now += 61_000
    expect(await reasonOf(await issuer.sign(), given)).toBe('ada')
    expect(await reasonOf(early, given)).toBe('key-unknown')
  })

  test('[K1] tokens with made-up key ids do not make the agent ask more than once a minute', async () => {
    const issuer = await anIssuer()
    let now = NOW
    const given = deps(issuer, { now: () => now })
    for (let i = 0; i < 20; i++) await reasonOf(await issuer.sign({}, { kid: `made-up-${i}` }), given)
    expect(issuer.asked()).toBe(1)
    now += 60_000
    for (let i = 0; i < 20; i++) await reasonOf(await issuer.sign({}, { kid: `made-up-${i}` }), given)
    expect(issuer.asked()).toBe(2)
  })

  test('[K1] an issuer that is silent or calls itself otherwise is unavailable, and its known keys count for a while only', async () => {
    const issuer = await anIssuer()
    let now = NOW
    const given = deps(issuer, { now: () => now })
    const token = await issuer.sign({ exp: NOW / 1000 + 100_000 })
    expect(await reasonOf(token, given)).toBe('ada')
    issuer.silence()
    now += 3 * 3_600_000
    expect(await reasonOf(token, given)).toBe('ada')
    now += 2 * 3_600_000
    expect(await reasonOf(token, given)).toBe('unavailable')
    const other = await anIssuer()
    other.calledItself = 'https://other.example'
    expect(await reasonOf(await other.sign(), deps(other))).toBe('unavailable')
  })

  test('[K1] whatever text arrives, nobody is believed and nothing throws', async () => {
    const issuer = await anIssuer()
    const given = deps(issuer)
    const token = await issuer.sign()
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.nat(token.length - 4), fc.string({ maxLength: 3 }), async (noise, at, piece) => {
        for (const text of [noise, `${token.slice(0, at)}${piece}~${token.slice(at)}`, token.slice(0, at)])
          expect((await verifyIdentity(text, given)).ok).toBe(false)
      }),
    )
  })
})

describe('owner assertions', () => {
  const anOwner = async () => {
    const key = await ensureOwnerKey(join(aStateDir(), 'owner-test.pem'))
    if (!key.ok) throw new Error(key.error)
    return key.value
  }
  const given = async (ownerKeys: readonly string[], changes: Partial<VerifyDeps> = {}) =>
    deps(await anIssuer(), { trust: { issuers: [], ownerKeys: [...ownerKeys] }, ...changes })

  test('[K1] counts for the agent it names, once, with what it is bound to', async () => {
    const owner = await anOwner()
    const agent = await given([owner.publicKey])
    const token = await signOwnerAssertion(owner, { fingerprint: FINGERPRINT, bind: 'hash', nowMs: NOW })
    expect(await verifyIdentity(token, agent)).toMatchObject({
      ok: true,
      value: { kind: 'owner', subject: 'owner', groups: [], boundTo: 'hash', expiresAt: NOW + 60_000 },
    })
    expect(await reasonOf(token, agent)).toBe('used-before')
  })

  test.each<[string, string, { fingerprint?: string; nowMs?: number }]>([
    ['one for another agent', 'audience', { fingerprint: 'ffff-ffff-ffff-ffff-ffff' }],
    ['one of two minutes ago', 'expired', { nowMs: NOW - 120_000 }],
    ['one dated ahead', 'not-yet-valid', { nowMs: NOW + 40_000 }],
  ])('[K1] refuses %s as %s', async (_what, reason, changes) => {
    const owner = await anOwner()
    const token = await signOwnerAssertion(owner, { fingerprint: FINGERPRINT, nowMs: NOW, ...changes })
    expect(await reasonOf(token, await given([owner.publicKey]))).toBe(reason)
  })

  test('[K1] refuses a key that is not pinned, a longer life, another algorithm and a stolen name', async () => {
    const owner = await anOwner()
    const other = await anOwner()
    const token = await signOwnerAssertion(owner, { fingerprint: FINGERPRINT, nowMs: NOW })
    expect(await reasonOf(token, await given([other.publicKey]))).toBe('key-unknown')
    expect(await reasonOf(token, await given([]))).toBe('key-unknown')

    const [, , signature] = token.split('.')
    const claims = {
      iss: 'lanline:owner',
      sub: 'owner',
      aud: FINGERPRINT,
      jti: 'a-number-of-its-own',
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
    }
    const forged = (header: unknown, changes: object = {}) =>
      `${base64(header)}.${base64({ ...claims, ...changes })}.${signature}`
    const agent = await given([owner.publicKey])
    const header = { alg: 'EdDSA', kid: owner.publicKey }
    expect(await reasonOf(forged(header, { exp: NOW / 1000 + 61 }), agent)).toBe('lives-too-long')
    expect(await reasonOf(forged({ ...header, alg: 'ES256' }), agent)).toBe('algorithm')
    expect(await reasonOf(forged({ ...header, alg: 'none' }), agent)).toBe('algorithm')
    expect(await reasonOf(forged(header), agent)).toBe('signature')
    expect(await reasonOf(forged(header, { jti: 7 }), agent)).toBe('malformed')
    const pair = generateKeyPairSync('ed25519')
    const stranger = { ...owner, signingKey: pair.privateKey }
    const stolen = await signOwnerAssertion(stranger, { fingerprint: FINGERPRINT, nowMs: NOW })
    expect(await reasonOf(stolen, agent)).toBe('signature')
  })

  test('[K1] after a restart, which forgets what was used, nothing from before it counts', async () => {
    const owner = await anOwner()
    const token = await signOwnerAssertion(owner, { fingerprint: FINGERPRINT, nowMs: NOW - 5_000 })
    const agent = await given([owner.publicKey], { used: createUsedOnce(NOW - 1_000) })
    expect(await reasonOf(token, agent)).toBe('older-than-the-agent')
  })
})
