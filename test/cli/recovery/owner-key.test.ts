import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureOwnerKey, ownerKeyPath, readOwnerKey } from '#cli/recovery/owner-key.ts'

let folder = ''
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'lanline-owner-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the owner key is made once, readable by its owner only, and never replaced', async () => {
  const path = ownerKeyPath(join(folder, 'data'), 'home')
  const [first, second] = [await ensureOwnerKey(path), await ensureOwnerKey(path)]
  if (!first.ok || !second.ok) throw new Error('no key')
  expect([first.value.made, second.value.made]).toEqual([true, false])
  expect(second.value.publicKey).toBe(first.value.publicKey)
  expect(first.value.publicKey).toMatch(/^[\w-]{43}$/)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a key that others can read, that is missing, or that is something else is refused by name', async () => {
  const path = ownerKeyPath(folder, 'other')
  const missing = await readOwnerKey(path)
  expect(missing.ok ? '' : missing.error).toContain('does not exist')
  await writeFile(path, 'not a key', { mode: 0o600 })
  const noKey = await readOwnerKey(path)
  expect(noKey.ok ? '' : noKey.error).toContain('no private key')
  await chmod(path, 0o644)
  const open = await readOwnerKey(path)
  expect(open.ok ? '' : open.error).toContain('can be read by others')
})
