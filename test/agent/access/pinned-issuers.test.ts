import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addTrust, NO_TRUST, readPinnedTrust, savePinnedTrust, TRUST_FILE } from '#agent/access/pinned-issuers.ts'
import { readTrustOptions } from '#agent/commands/trust.ts'
import { aStateDir } from '../journal/journal-at.ts'

const KEY = 'k'.repeat(43)

test('[K1] nobody is believed until somebody was pinned, and a file that makes no sense is not read as nobody', () => {
  const dir = aStateDir()
  expect(readPinnedTrust(dir)).toEqual({ ok: true, value: NO_TRUST })
  const trust = { issuers: [{ issuer: 'https://id.example', clientId: 'c', groupsClaim: 'groups' }], ownerKeys: [KEY] }
  savePinnedTrust(dir, trust)
  expect(readPinnedTrust(dir)).toEqual({ ok: true, value: trust })
  expect(statSync(join(dir, TRUST_FILE)).mode & 0o777).toBe(0o600)
  for (const text of ['{', '{"issuers":[{}]}', '{"issuer":[]}']) {
    writeFileSync(join(dir, TRUST_FILE), text)
    expect(readPinnedTrust(dir).ok).toBe(false)
  }
})

test('[K1] pinning adds; an issuer named again is replaced, a key named again is there once', () => {
  const pinned = {
    issuers: [{ issuer: 'https://a.example', clientId: 'old', groupsClaim: 'groups' }],
    ownerKeys: [KEY],
  }
  const added = { issuers: [{ issuer: 'https://a.example', clientId: 'new', groupsClaim: 'teams' }], ownerKeys: [KEY] }
  expect(addTrust(pinned, added)).toEqual({ ok: true, value: added })
})

test.each([
  [{ issuer: 'http://id.example', clientId: 'c' }, '--issuer'],
  [{ issuer: 'https://user:pw@id.example', clientId: 'c' }, '--issuer'],
  [{ issuer: 'https://id.example' }, '--client-id'],
  [{ clientId: 'c' }, '--issuer'],
  [{ ownerKey: ['short'] }, '--owner-key'],
])('[K1] options that would pin nothing sensible are refused by name: %j', (options, flag) => {
  const read = readTrustOptions(options)
  expect(read.ok ? undefined : read.error).toContain(flag)
})

test('an issuer on this machine may be plain HTTP, for the lab', () => {
  expect(readTrustOptions({ issuer: 'http://127.0.0.1:4000', clientId: 'c' })).toMatchObject({ ok: true })
})
