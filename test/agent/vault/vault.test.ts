import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { beforeAll, describe, expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { deriveConfigToken } from '#agent/vault/config-token.ts'
import { isRecipient, openBundle, sealBundle } from '#agent/vault/seal.ts'
import { openVault, type VaultStore } from '#agent/vault/vault.ts'
import { Secret } from '#core/base/secret.ts'

let identity: Secret<string>
let recipient: string
beforeAll(async () => {
  identity = new Secret(await generateX25519Identity())
  recipient = await identityToRecipient(identity.reveal())
})

/** The contract of the journal's table: the first ciphertext stays. */
function memoryStore(): VaultStore & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>()
  return {
    entries,
    get: (clusterUid, version) => entries.get(`${clusterUid}/${version}`),
    put(clusterUid, version, ciphertext) {
      const key = `${clusterUid}/${version}`
      if (!entries.has(key)) entries.set(key, ciphertext)
      return entries.get(key)!
    },
  }
}

const aVault = (store: VaultStore, own = identity, recipients = [recipient]) =>
  openVault({
    store,
    identity: own,
    recipients,
    now: () => Date.now(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  })

describe('sealing', () => {
  test('every recipient opens a bundle alone, nobody else does', async () => {
    const recovery = new Secret(await generateX25519Identity())
    const stranger = new Secret(await generateX25519Identity())
    const bundle = await aBundle()
    const sealed = await sealBundle(bundle, [recipient, await identityToRecipient(recovery.reveal())])
    expect(await openBundle(sealed, identity)).toEqual({ ok: true, value: bundle })
    expect(await openBundle(sealed, recovery)).toEqual({ ok: true, value: bundle })
    expect(await openBundle(sealed, stranger)).toMatchObject({ ok: false, error: { code: 'secrets-unreadable' } })
    expect(sealed).not.toContain(bundle.certs.os.key)
    expect(sealed).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----/)
  })

  test('a sealed bundle fits through the control socket with all its recipients', async () => {
    const sealed = await sealBundle(
      await aBundle(),
      Array.from({ length: 16 }, () => recipient),
    )
    expect(sealed.length).toBeLessThan(64 * 1024)
  })

  test('damage is a problem, not a crash', async () => {
    const sealed = await sealBundle(await aBundle(), [recipient])
    for (const damaged of ['', 'not armour', sealed.slice(0, 500), sealed.replace(/^(.{300})./s, '$1!')])
      expect(await openBundle(damaged, identity)).toMatchObject({ ok: false, error: { code: 'secrets-unreadable' } })
  })

  test('tells a recipient from any other text', () => {
    expect([recipient, identity.reveal(), 'age1nonsense', ''].map(isRecipient)).toEqual([true, false, false, false])
  })
})

describe('vault', () => {
  test('secrets are made once: what exists is never replaced', async () => {
    const vault = aVault(memoryStore())
    const [first, second] = await Promise.all([vault.create('home', 1), vault.create('home', 1)])
    expect([first.ok, second.ok]).toContain(true)
    expect([first.ok, second.ok]).toContain(false)
    const made = first.ok ? first : second
    if (!made.ok) throw new Error('neither call made the secrets')
    expect(vault.sealed('home', 1)).toBe(made.value)
    expect(await vault.create('home', 1)).toMatchObject({ ok: false, error: { code: 'secrets-exist' } })
    expect(vault.sealed('home', 1)).toBe(made.value)
  })

  test('a restarted agent opens what it sealed, and the bundle cannot be printed', async () => {
    const store = memoryStore()
    const created = await aVault(store).create('home', 1)
    expect(created.ok).toBe(true)
    const reopened = await aVault(store).bundle('home', 1)
    if (!reopened.ok) throw new Error('the agent cannot open its own bundle')
    expect(reopened.value.reveal().cluster.secret).toHaveLength(44)
    expect(JSON.stringify(reopened)).toBe('{"ok":true,"value":"[secret]"}')
    for (const sealed of store.entries.values()) expect(sealed).not.toContain(reopened.value.reveal().cluster.secret)
  })

  test('a missing bundle is asked for and then adopted, but only if it opens', async () => {
    const made = await aVault(memoryStore()).create('home', 1)
    if (!made.ok) throw new Error('no bundle')
    const vault = aVault(memoryStore())
    expect(await vault.bundle('home', 1)).toMatchObject({ ok: false, error: { code: 'secrets-missing' } })
    expect(await vault.adopt('home', 1, 'garbage')).toMatchObject({ ok: false, error: { code: 'secrets-unreadable' } })
    expect(vault.sealed('home', 1)).toBeUndefined()
    expect(await vault.adopt('home', 1, made.value)).toEqual({ ok: true, value: undefined })
    expect(await vault.adopt('home', 1, made.value)).toEqual({ ok: true, value: undefined })
    expect((await vault.bundle('home', 1)).ok).toBe(true)
  })

  test('another ciphertext for the same version is refused', async () => {
    const vault = aVault(memoryStore())
    await vault.create('home', 1)
    const other = await sealBundle(await aBundle(), [recipient])
    expect(await vault.adopt('home', 1, other)).toMatchObject({ ok: false, error: { code: 'secrets-exist' } })
  })

  test('an agent that was not admitted says so', async () => {
    const store = memoryStore()
    await aVault(store).create('home', 1)
    const stranger = new Secret(await generateX25519Identity())
    expect(await aVault(store, stranger).bundle('home', 1)).toMatchObject({
      ok: false,
      error: { code: 'secrets-unreadable' },
    })
  })
})

test('a configuration token depends on the configuration and on the bundle, and reveals neither', async () => {
  const bundle = await aBundle()
  const other = { ...bundle, cluster: { ...bundle.cluster, secret: bundle.secrets.secretboxencryptionsecret! } }
  const token = deriveConfigToken(bundle, '[{}]')
  expect(token).toMatch(/^[0-9a-f]{64}$/)
  expect(deriveConfigToken(bundle, '[{}]')).toBe(token)
  expect(deriveConfigToken(bundle, '[{"a":1}]')).not.toBe(token)
  expect(deriveConfigToken(other, '[{}]')).not.toBe(token)
})
