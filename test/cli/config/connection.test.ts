import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findConnection, type ConnectionFlags } from '#cli/config/connection.ts'
import { PLAIN } from '#cli/output/style.ts'

let folder = ''
let file = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lanline-config-'))
  file = join(folder, 'config.yaml')
  await writeFile(
    file,
    'current: home\ncontexts:\n  home: {url: "https://home.example.com/", token: secret-home}\n  work: {url: "https://work.example.com", token: secret-work}\n  login: {url: "https://login.example.com"}\n',
    { mode: 0o600 },
  )
})
afterAll(() => rm(folder, { recursive: true }))

/** `url token name`, or the exit code and the first line. */
async function found(flags: ConnectionFlags, env: Record<string, string>): Promise<string> {
  const connection = await findConnection(flags, { LANLINE_CONFIG: file, ...env }, PLAIN)
  if (!connection.ok) return `${connection.error.exit} ${connection.error.lines[0]}`
  const { url, token, name } = connection.value
  return `${url} ${token?.reveal()} ${name}`
}

describe('which API, with which token', () => {
  test.each<readonly [string, ConnectionFlags, Record<string, string>, string]>([
    ['the current context', {}, {}, 'https://home.example.com secret-home home'],
    [
      'a context without a token, for who has logged in',
      { context: 'login' },
      {},
      'https://login.example.com undefined login',
    ],
    ['the context of a flag', { context: 'work' }, {}, 'https://work.example.com secret-work work'],
    ['the context of the environment', {}, { LANLINE_CONTEXT: 'work' }, 'https://work.example.com secret-work work'],
    [
      'the environment before the file',
      {},
      { LANLINE_URL: 'http://127.0.0.1:8787', LANLINE_TOKEN: 't' },
      'http://127.0.0.1:8787 t 127.0.0.1-8787',
    ],
    [
      'flags before the environment',
      { url: 'https://x.dev/a/' },
      { LANLINE_URL: 'https://y.dev', LANLINE_TOKEN: 't' },
      'https://x.dev/a t x.dev',
    ],
    [
      'a context named by a flag before the environment',
      { context: 'work' },
      { LANLINE_URL: 'https://y.dev', LANLINE_TOKEN: 't' },
      'https://work.example.com secret-work work',
    ],
  ])('%s', async (_, flags, env, expected) => {
    expect(await found(flags, env)).toBe(expected)
  })

  test.each<readonly [string, ConnectionFlags, Record<string, string>, string]>([
    [
      'half an environment names the other half',
      {},
      { LANLINE_URL: 'https://y.dev' },
      '2 LANLINE_URL is set, but LANLINE_TOKEN is not.',
    ],
    ['the other half as well', {}, { LANLINE_TOKEN: 't' }, '2 LANLINE_TOKEN is set, but LANLINE_URL is not.'],
    [
      'a flag never joins a token of the file',
      { url: 'https://y.dev' },
      {},
      '2 --url is set, but LANLINE_TOKEN is not.',
    ],
    [
      'an unknown context gets the nearest',
      { context: 'wrok' },
      {},
      '2 There is no context "wrok"; did you mean "work"?',
    ],
    [
      'nothing configured asks for a login',
      {},
      { LANLINE_CONFIG: '/nonexistent/config.yaml' },
      '4 No API is configured.',
    ],
    [
      'a token never travels in the clear',
      { url: 'http://lab.example.com', token: 't' },
      {},
      '2 http://lab.example.com would carry the token in the clear.',
    ],
    [
      'a URL is a URL',
      { url: 'lab', token: 't' },
      {},
      '2 "lab" is not a URL; write it like https://lanline.example.com',
    ],
  ])('%s', async (_, flags, env, expected) => {
    expect(await found(flags, env)).toBe(expected)
  })

  test('a file that others can read is refused', async () => {
    await chmod(file, 0o644)
    expect(await found({}, {})).toBe(`2 ${file} holds tokens and can be read by others.`)
    await chmod(file, 0o600)
  })

  test('a broken file is shown by place only, never by content', async () => {
    const broken = join(folder, 'broken.yaml')
    await writeFile(broken, 'contexts:\n  home: {url: x, tokken: secret-home}\n  home: {token: secret-2}\n', {
      mode: 0o600,
    })
    const connection = await findConnection({}, { LANLINE_CONFIG: broken }, PLAIN)
    const said = connection.ok ? '' : connection.error.lines.join('\n')
    expect(said).toContain(`${broken}:3:3`)
    expect(said).not.toContain('secret')
  })
})
