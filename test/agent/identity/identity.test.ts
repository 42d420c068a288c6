import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { importJWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { DOOR_TOKEN_TTL_S } from '#core/protocol/enroll.ts'
import { signDoorToken } from '#agent/identity/door-token.ts'
import { readRelayUrl } from '#agent/identity/enroll.ts'
import { ENROLMENT_FILE, findEnrolment, saveEnrolment } from '#agent/identity/enrolment.ts'
import { AGE_KEY_FILE, ensureIdentity, findIdentity, IDENTITY_KEY_FILE } from '#agent/identity/identity.ts'
import { anEnrolment } from './an-enrolment.ts'
import { aStateDir, CLUSTER } from '../journal/journal-at.ts'

describe('identity', () => {
  test('keys are made once, readable by their user only, and never replaced', async () => {
    const dir = aStateDir()
    expect(await findIdentity(dir)).toBeUndefined()
    const first = await ensureIdentity(dir)
    const again = await ensureIdentity(dir)
    expect([again.publicKey, again.ageRecipient]).toEqual([first.publicKey, first.ageRecipient])
    for (const file of [IDENTITY_KEY_FILE, AGE_KEY_FILE]) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
    expect(first.publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(first.ageRecipient).toMatch(/^age1[0-9a-z]{58}$/)
    expect(first.fingerprint).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){4}$/)
  })

  test('a private key cannot be printed by accident', async () => {
    const dir = aStateDir()
    const identity = await ensureIdentity(dir)
    const secret = readFileSync(join(dir, AGE_KEY_FILE), 'utf8').trim()
    expect(JSON.stringify(identity)).not.toContain(secret)
  })

  test('a door token names agent, site and relay, is signed by the agent, and lives no longer than the door allows', async () => {
    const identity = await ensureIdentity(aStateDir())
    const now = Date.now()
    const token = await signDoorToken(anEnrolment, identity, now)
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: identity.publicKey }, 'EdDSA')
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      audience: 'https://relay.example',
      subject: CLUSTER,
      maxTokenAge: DOOR_TOKEN_TTL_S,
    })
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', kid: anEnrolment.agentId })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(DOOR_TOKEN_TTL_S)
    const other = await signDoorToken(anEnrolment, identity, now)
    expect(other).not.toBe(token)
  })
})

describe('enrolment', () => {
  test('is read back as it was written, and is absent until then', () => {
    const dir = aStateDir()
    expect(findEnrolment(dir)).toEqual({ ok: true, value: undefined })
    saveEnrolment(dir, anEnrolment)
    expect(findEnrolment(dir)).toEqual({ ok: true, value: anEnrolment })
    expect(statSync(join(dir, ENROLMENT_FILE)).mode & 0o777).toBe(0o600)
  })

  test.each([
    ['https://relay.example/some/path', 'https://relay.example'],
    ['http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
    ['http://relay.example', undefined],
    ['relay.example', undefined],
  ])('a join token goes only over TLS or to this machine: %s', (text, origin) => {
    const url = readRelayUrl(text)
    expect(url.ok ? url.value.origin : undefined).toBe(origin)
  })
})
