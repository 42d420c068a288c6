import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { aBundle } from '#test/support/talos-bundle.ts'
import { createSecretsBundle } from '#agent/vault/create-bundle.ts'
import { pemOf } from '#agent/vault/pki.ts'
import type { TalosContract } from '#core/talos/contracts/contract-for.ts'
import { SecretsBundle } from '#core/talos/secrets-bundle.ts'

test('a new bundle passes the checks an imported one has to pass', async () => {
  expect(SecretsBundle.safeParse(await aBundle())).toMatchObject({ success: true })
})

test('service account tokens are signed with RSA-4096 as PKCS#1', async () => {
  const pem = pemOf((await aBundle()).certs.k8sserviceaccount.key)
  expect(pem).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/)
  expect(createPrivateKey(pem).asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 })
})

test('nothing is shared between two bundles but the public shape', async () => {
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))
  const [a, b] = [await aBundle(), await createSecretsBundle({ random, nowMs: Date.now() })]
  expect(leaves(a).filter((leaf) => leaves(b).includes(leaf))).toEqual([])
})

test('tokens use every letter evenly: bytes that would favour some are drawn again', async () => {
  // 252 to 255 would be four more chances for the letters 0 to 3.
  const random = (count: number) =>
    Uint8Array.from({ length: count }, (_, index) => [255, 254, 253, 252, 35, 10][index % 6]!)
  const { trustdinfo, secrets } = await createSecretsBundle({ random, nowMs: Date.now() })
  expect(secrets.bootstraptoken).toMatch(/^[az]{6}\.[az]{16}$/)
  expect(trustdinfo.token).toMatch(/^[az]{6}\.[az]{16}$/)
})

test('the id of a cluster is spelt in the alphabet of its contract', async () => {
  // Bytes of ones are all slashes in the standard alphabet and underscores in the other.
  const random = (count: number) => new Uint8Array(count).map((_, index) => (count === 32 ? 255 : index))
  const spelt = async (contract?: TalosContract) =>
    (await createSecretsBundle({ random, nowMs: Date.now(), contract })).cluster.id
  expect(await spelt()).toContain('___')
  expect(await spelt('1.12')).toContain('___')
  expect(await spelt('1.14')).toContain('///')
})

const leaves = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value as Record<string, unknown>).flatMap(leaves)
