import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeTogether } from '#cli/talos/write-together.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lanline-write-'))
})
afterAll(() => rm(root, { recursive: true }))

const FILES = [
  { name: 'a.yaml', text: 'one' },
  { name: 'b.yaml', text: 'two' },
]

test('writes all files for the owner only, also over files that others could read', async () => {
  const folder = join(root, 'new', 'deeper')
  expect(await writeTogether(folder, FILES)).toEqual({
    ok: true,
    value: [join(folder, 'a.yaml'), join(folder, 'b.yaml')],
  })
  await chmod(join(folder, 'a.yaml'), 0o644)
  expect((await writeTogether(folder, FILES)).ok).toBe(true)
  expect((await stat(join(folder, 'a.yaml'))).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['a.yaml', 'b.yaml'])
})

test('a file that cannot be written leaves nothing, and no folder that was not there', async () => {
  const folder = join(root, 'partial')
  const files = [...FILES, { name: 'no/such/folder.yaml', text: 'three' }]
  expect((await writeTogether(folder, files)).ok).toBe(false)
  await expect(stat(folder)).rejects.toThrow('ENOENT')
})

test('a failure leaves the files that were there before', async () => {
  const folder = join(root, 'kept')
  await mkdir(folder)
  await writeFile(join(folder, 'a.yaml'), 'before')
  expect((await writeTogether(folder, [...FILES, { name: 'x/y', text: '' }])).ok).toBe(false)
  expect(await readdir(folder)).toEqual(['a.yaml'])
  expect(await readFile(join(folder, 'a.yaml'), 'utf8')).toBe('before')
})

test('a folder in the place of a file keeps all of them from being written', async () => {
  const folder = join(root, 'blocked')
  await mkdir(join(folder, 'b.yaml'), { recursive: true })
  expect((await writeTogether(folder, FILES)).ok).toBe(false)
  expect(await readdir(folder)).toEqual(['b.yaml'])
})

test('a folder that takes no other ends at once with a sentence, and does not try for ever', async () => {
  expect(await writeTogether('/proc/lanline/deeper', FILES)).toMatchObject({
    ok: false,
    error: expect.stringContaining('/proc/lanline/deeper cannot be written') as string,
  })
})

test('a name below a file is refused, and the file is kept', async () => {
  const file = join(root, 'a-file')
  await writeFile(file, 'before')
  expect((await writeTogether(file, FILES)).ok).toBe(false)
  expect((await writeTogether(join(file, 'deeper'), FILES)).ok).toBe(false)
  expect(await readFile(file, 'utf8')).toBe('before')
})
