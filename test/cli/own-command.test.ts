import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ownCommand } from '#cli/access/own-command.ts'
import { processIo } from '#cli/io.ts'
import { createRun } from '#cli/session.ts'

/** What kubectl runs later must find the same API without the token of this run on its command line. */
const dir = mkdtempSync(join(tmpdir(), 'lanline-own-'))
afterAll(() => rmSync(dir, { recursive: true }))

async function commandOf(env: Readonly<Record<string, string>>): Promise<string> {
  const io = { ...processIo(new AbortController().signal), env }
  let command = ''
  const run = createRun(
    io,
    () => ({}),
    () => undefined,
  )
  await run(async ({ connect }) => {
    const api = await connect()
    if (!api.ok) return api
    command = ownCommand(api.value.connection, io, ['credential']).slice(-3).join(' ')
    return { ok: true, value: undefined }
  })
  return command
}

test('whoever is in a context file is found again by that context', async () => {
  const file = join(dir, 'config.yaml')
  writeFileSync(file, 'current: home\ncontexts:\n  home:\n    url: http://127.0.0.1:1\n    token: t\n', { mode: 0o600 })
  expect(await commandOf({ LANLINE_CONFIG: file })).toBe('--context home credential')
})

test('whoever named the API in variables is found again by its URL, never by the token', async () => {
  const named = { LANLINE_URL: 'http://127.0.0.1:1', LANLINE_TOKEN: 'secret' }
  expect(await commandOf(named)).toBe('--url http://127.0.0.1:1 credential')
})
