import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeContext } from '#cli/config/write-context.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanline-context-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('a first context makes the file, for its owner alone, and is the current one', async () => {
  const path = join(folder, 'new', 'config.yaml')
  await writeContext(path, 'home', { url: 'https://home.example.com', token: undefined })
  expect(await readFile(path, 'utf8')).toBe('contexts:\n  home:\n    url: https://home.example.com\ncurrent: home\n')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('what else stands in the file stays, and a token goes when somebody logs in', async () => {
  const path = join(folder, 'config.yaml')
  await writeFile(path, '# mine\ncurrent: work\ncontexts:\n  work: {url: https://work.example.com, token: t}\n', {
    mode: 0o600,
  })
  await writeContext(path, 'work', { url: 'https://work.example.com', token: undefined })
  await writeContext(path, 'home', { url: 'https://home.example.com', token: 'lanl_x' })
  const text = await readFile(path, 'utf8')
  expect(text).toMatch(/^# mine\ncurrent: work\n/)
  expect(text).not.toContain('token: t\n')
  expect(text).toMatch(/home:\n {4}url: https:\/\/home.example.com\n {4}token: lanl_x/)
})
