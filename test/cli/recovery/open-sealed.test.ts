import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Secret } from '#core/base/secret.ts'
import { sealBundle } from '#agent/vault/seal.ts'
import { openSealed, readRecoveryIdentity } from '#cli/recovery/open-sealed.ts'
import { callCli } from '#test/support/run-cli.ts'
import { aBundle } from '#test/support/talos-bundle.ts'

let folder = ''
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'lanline-sealed-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

const sayOf = (result: { ok: boolean; error?: { lines: readonly string[] } }): string =>
  result.error?.lines.join(' ') ?? ''

test('[K2] a bundle opens with the recovery key it was sealed to, and the refusal of another names its cluster', async () => {
  const [own, other] = [await generateX25519Identity(), await generateX25519Identity()]
  const bundle = await aBundle()
  const sealed = await sealBundle(bundle, [await identityToRecipient(own)])
  expect(await openSealed('home', sealed, new Secret(own))).toEqual({ ok: true, value: bundle })
  for (const text of [await sealBundle(bundle, [await identityToRecipient(other)]), 'damaged'])
    expect(sayOf(await openSealed('home', text, new Secret(own)))).toContain('The secrets of home do not open')
})

test('[K2] a recovery key that is missing, readable by others or something else is refused before anything is asked', async () => {
  const open = join(folder, 'open.txt')
  const empty = join(folder, 'empty.txt')
  await writeFile(open, 'AGE-SECRET-KEY-1X', { mode: 0o644 })
  await writeFile(empty, '# nothing', { mode: 0o600 })
  expect(sayOf(await readRecoveryIdentity(join(folder, 'none.txt')))).toContain('is not there')
  expect(sayOf(await readRecoveryIdentity(open))).toContain('can be read by others')
  expect(sayOf(await readRecoveryIdentity(empty))).toContain('no age identity')
  const env = { LANLINE_URL: 'http://127.0.0.1:1', LANLINE_TOKEN: 'x' }
  const out = join(folder, 'out')
  const run = await callCli(['export', 'home', '-o', out, '--recovery-key', empty], env)
  expect([run.code, run.err]).toEqual([1, expect.stringContaining('no age identity')])
  expect(await readdir(folder)).not.toContain('out')
})

test('recover wants to know where to', async () => {
  const env = { LANLINE_URL: 'http://127.0.0.1:1', LANLINE_TOKEN: 'x' }
  expect((await callCli(['recover'], env)).code).toBe(2)
  expect((await callCli(['recover', '--agent', 'f'], env)).code).toBe(2)
})
