import { beforeAll, describe, expect, test } from 'vitest'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { ok } from '#core/base/result.ts'
import { Secret } from '#core/base/secret.ts'
import { createClusterSecrets } from '#agent/operations/cluster-secrets.ts'
import { createSecrets } from '#agent/operations/secrets-create.ts'
import type { HandlerDeps } from '#agent/operations/deps.ts'
import { sealBundle } from '#agent/vault/seal.ts'
import { openVault, type VaultStore } from '#agent/vault/vault.ts'
import { fastClock, handlerContext } from '#test/support/step-journal.ts'
import { aBundle } from '#test/support/talos-bundle.ts'

const input = { clusterUid: '0000000000000000000a', clusterName: 'home', version: 1, talosVersion: 'v1.13.9' } as const
let identity: string
let recipient: string
beforeAll(async () => {
  identity = await generateIdentity()
  recipient = await identityToRecipient(identity)
})

function memoryStore(): VaultStore {
  const stored = new Map<string, string>()
  return {
    get: (uid, version) => stored.get(`${uid}/${version}`),
    put(uid, version, sealed) {
      const key = `${uid}/${version}`
      if (!stored.has(key)) stored.set(key, sealed)
      return stored.get(key)!
    },
  }
}

function anAgent(inCloud?: string) {
  const asked: string[] = []
  const vault = openVault({
    store: memoryStore(),
    identity: new Secret(identity),
    recipients: [recipient],
    now: () => Date.now(),
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
  })
  const secrets = createClusterSecrets({
    vault,
    recipients: [recipient],
    clock: fastClock,
    recall: (clusterUid) => {
      asked.push(clusterUid)
      return Promise.resolve(ok(inCloud))
    },
  })
  return { vault, asked, deps: { secrets } as HandlerDeps }
}

describe('secrets.create', () => {
  test.each([
    ['1.13', /^[\w-]{43}=$/],
    ['1.14', /^[A-Za-z0-9+/]{43}=$/],
  ] as const)('makes the bundle in contract %s, whatever Talos runs now', async (contract, id) => {
    const { deps, vault } = anAgent()
    await createSecrets(deps)({ ...input, talosVersion: 'v1.14.0', contract }, handlerContext())
    const bundle = await vault.bundle(input.clusterUid, 1)
    expect(bundle.ok && bundle.value.reveal().cluster.id).toMatch(id)
  })

  test('refuses a contract that this agent does not know, and makes nothing', async () => {
    const { deps, vault } = anAgent()
    expect(await createSecrets(deps)({ ...input, contract: '1.99' }, handlerContext())).toMatchObject({
      ok: false,
      error: { code: 'unsupported-version', retry: 'never' },
    })
    expect(vault.sealed(input.clusterUid, 1)).toBeUndefined()
  })

  test('[O21] makes a bundle once; every repetition answers the same ciphertext', async () => {
    const { deps, vault } = anAgent()
    const once = await createSecrets(deps)(input, handlerContext())
    expect(once).toEqual({
      ok: true,
      value: { version: 1, ciphertext: expect.stringContaining('BEGIN AGE ENCRYPTED FILE'), recipients: [recipient] },
    })
    expect(once.ok && once.value.ciphertext).toBe(vault.sealed(input.clusterUid, 1))
    expect(await createSecrets(deps)(input, handlerContext())).toEqual(once)
  }, 30_000)

  test('[O21] a bundle that the cloud keeps is taken in and never made anew', async () => {
    const inCloud = await sealBundle(await aBundle(), [recipient])
    const { deps, asked } = anAgent(inCloud)
    const result = await createSecrets(deps)(input, handlerContext())
    expect(result).toMatchObject({ ok: true, value: { ciphertext: inCloud } })
    expect(asked).toEqual([input.clusterUid])
    expect(await deps.secrets.talosIdentity(input.clusterUid, 1)).toMatchObject({ ok: true })
  }, 30_000)

  test('a cluster without a bundle anywhere is told to be without one', async () => {
    const { deps } = anAgent()
    expect(await deps.secrets.bundle(input.clusterUid, 1)).toMatchObject({
      ok: false,
      error: { code: 'secrets-missing' },
    })
  })
})
