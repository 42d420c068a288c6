import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { currentIdToken } from '#cli/login/identity.ts'
import { readClaims } from '#cli/login/id-token-claims.ts'
import { PLAIN } from '#cli/output/style.ts'
import { runProgram } from '#cli/program.ts'
import { startControlPlane, type ControlPlane } from '#lab/control-plane/start.ts'
import { serveProvider, type ServedProvider } from '#lab/oidc/serve.ts'

/** People as they live it: the first admin, a colleague with less, a program; by the command line, a real API and a real provider. */
const CLIENT = { clientId: 'lanline-cli', redirectUris: ['http://127.0.0.1/callback'] }
const PEOPLE = [
  { subject: 'alice', email: 'alice@example.com' },
  { subject: 'bob', email: 'bob@example.com', groups: ['dev'] },
]
let provider: ServedProvider
let plane: ControlPlane
let dir = ''
const log: string[] = []

beforeAll(async () => {
  provider = await serveProvider({ clients: [CLIENT], people: PEOPLE, now: () => Date.now(), deviceIntervalS: 0.2 })
  dir = mkdtempSync(join(tmpdir(), 'lanline-people-'))
  plane = await startControlPlane({
    dir: join(dir, 'plane'),
    settings: { OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: CLIENT.clientId },
    onLine: (line) => log.push(line),
  })
})
afterAll(async () => {
  await plane?.stop()
  await provider?.close()
  rmSync(dir, { recursive: true, force: true })
})

/** One command of one person, who clicks on whatever address they are shown. */
async function lanline(person: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const home = join(dir, person)
  const lines: { out: string[]; err: string[] } = { out: [], err: [] }
  const code = await runProgram(args, {
    out: (line) => lines.out.push(line),
    say: (line) => {
      lines.err.push(line)
      const [url] = /http:\/\/127\S+(user_code|client_id)=\S+/.exec(line) ?? []
      if (url !== undefined) void fetch(`${url}&person=${person}`)
    },
    outStyle: PLAIN,
    style: PLAIN,
    env: { HOME: home, XDG_CONFIG_HOME: `${home}/config`, XDG_DATA_HOME: `${home}/data`, ...env },
    interactive: false,
    screen: undefined,
    now: () => Date.now(),
    signal: new AbortController().signal,
  })
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') }
}
const atUrl = () => ({ LANLINE_URL: plane.url })

test('[A25][A20][A27][A28] from the bootstrap token to a team: every step is in the audit, no secret in the log', async () => {
  // Before anybody is admin, a login gives nothing.
  expect(await lanline('bob', ['login'], atUrl())).toMatchObject({ code: 4, err: expect.stringContaining('no-access') })

  const bootstrap = { ...atUrl(), LANLINE_TOKEN: plane.adminToken }
  const first = await lanline('alice', ['--context', 'home', 'login', '--bootstrap'], bootstrap)
  expect(first).toMatchObject({ code: 0, err: expect.stringContaining('You are the first admin') })
  expect(await lanline('alice', ['get', 'sites'], bootstrap)).toMatchObject({
    code: 4,
    err: expect.stringContaining('bootstrap-ended'),
  })
  expect(statSync(join(dir, 'alice/data/lanline/login-home.json')).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(dir, 'alice/config/lanline/config.yaml'), 'utf8')).not.toContain('token')

  // Alice works with her login alone from here on.
  expect((await lanline('alice', ['whoami'])).out).toContain('admin on everything')
  expect((await lanline('alice', ['apply', '-f', 'examples/homelab.yaml'])).code).toBe(0)
  expect((await lanline('alice', ['role', 'grant', 'reader', '--on', 'cluster/home', '--group', 'dev'])).out).toBe(
    'group dev reader on cluster/home granted',
  )
  expect((await lanline('bob', ['--context', 'work', 'login', '--browser'], atUrl())).code).toBe(0)
  expect((await lanline('bob', ['get', 'clusters', '-o', 'name'])).out).toBe('cluster/home')
  expect((await lanline('bob', ['get', 'sites'])).err).toContain('None found')
  expect(await lanline('bob', ['delete', 'cluster', 'home', '--confirm', 'home'])).toMatchObject({
    code: 4,
    err: expect.stringContaining('forbidden'),
  })
  expect((await lanline('bob', ['audit'])).code).toBe(4)

  // What an agent would be shown.
  const deps = { folder: join(dir, 'bob/data/lanline'), now: () => Date.now(), sleep: () => Promise.resolve(), fetch }
  const token = await currentIdToken('work', deps)
  expect(token.ok && readClaims(token.value)?.sub).toBe('bob')

  // A program with a token that is good for less than its account.
  expect((await lanline('alice', ['service-account', 'create', 'ci'])).code).toBe(0)
  expect(
    (await lanline('alice', ['role', 'grant', 'operator', '--on', 'site/home', '--service-account', 'ci'])).code,
  ).toBe(0)
  const ci = await lanline('alice', [
    'token',
    'create',
    'robot',
    '--service-account',
    'ci',
    '--role',
    'reader',
    '--on',
    'site/home',
  ])
  const asCi = { ...atUrl(), LANLINE_TOKEN: ci.out }
  expect((await lanline('ci', ['whoami'], asCi)).out).toContain('good for reader on site/home at most')
  expect((await lanline('ci', ['get', 'clusters', '-o', 'name'], asCi)).out).toBe('cluster/home')
  expect((await lanline('ci', ['delete', 'cluster', 'home', '--confirm', 'home'], asCi)).code).toBe(4)

  // The whole policy as a file, with a test that holds and then one that does not.
  const file = join(dir, 'policy.yaml')
  const policy = (await lanline('alice', ['policy', 'get'])).out
  const withTest = (role: string) =>
    policy.replace(
      /tests: \[\]/,
      `tests:\n    - as: {groups: [dev]}\n      mayNot: [{role: ${role}, on: {cluster: home}}]`,
    )
  writeFileSync(file, withTest('operator'))
  expect((await lanline('alice', ['policy', 'apply', '-f', file])).out).toContain('1 test passed')
  writeFileSync(file, withTest('reader'))
  const refused = await lanline('alice', ['policy', 'apply', '-f', file])
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringMatching(/policy\.yaml:\d+:\d+ .*would be reader on cluster\/home/),
  })

  // Bob leaves: his session ends with him.
  expect((await lanline('alice', ['user', 'disable', 'bob@example.com'])).out).toBe('user bob@example.com disabled')
  expect(await lanline('bob', ['get', 'clusters'])).toMatchObject({
    code: 4,
    err: expect.stringContaining('credential-revoked'),
  })
  expect((await lanline('alice', ['audit', '--actor', 'user:bob@example.com'])).out).toMatch(
    /session\.begun[\s\S]*access\.denied/,
  )
  const all = (await lanline('alice', ['audit', '-o', 'jsonl', '--since', '1h'])).out
    .split('\n')
    .map((line) => JSON.parse(line) as { action: string })
  const actions = new Set(all.map(({ action }) => action))
  for (const action of [
    'bootstrap.exchanged',
    'document.created',
    'policy.changed',
    'token.created',
    'user.disabled',
    'service-account.created',
  ])
    expect([...actions]).toContain(action)
  expect((await lanline('alice', ['logout'])).err).toContain('Logged out of home')
  expect((await lanline('alice', ['get', 'sites'])).code).toBe(4)

  // Nothing that opens anything was logged on the way.
  const secrets = [plane.adminToken, ci.out, token.ok ? token.value : '', 'lanls_', 'lanl_', 'eyJ']
  for (const secret of secrets) expect(log.filter((line) => line.includes(secret))).toEqual([])
})
