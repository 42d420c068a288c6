import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, stateDirOf, TOKEN_CREDENTIAL, type Environment } from '#agent/config/load-config.ts'
import { aStateDir } from '../journal/journal-at.ts'

const PLAIN = `
proxmox:
  endpoints: [https://192.168.1.10:8006]
  tokenId: lanline@pve!agent
`

function load(text: string, env: Environment = {}, mode = 0o600) {
  const dir = aStateDir()
  const config = join(dir, 'agent.yaml')
  writeFileSync(config, text, { mode })
  return loadConfig({ config }, { ...env, DIR: dir })
}
const errorOf = (text: string, env?: Environment): string => {
  const loaded = load(text, env)
  return loaded.ok ? '' : loaded.error
}

describe('loadConfig', () => {
  test('needs little, and says what it assumes', () => {
    const loaded = load(`${PLAIN}  tokenSecret: s3cret\n`)
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        stateDir: '/var/lib/lanline-agent',
        imageFactory: 'https://factory.talos.dev',
        clockRate: 1,
        lanProxy: undefined,
        warnings: [],
      },
    })
    expect(JSON.stringify(loaded)).not.toContain('s3cret')
  })

  test('takes the token secret from systemd when the file has none', () => {
    const dir = aStateDir()
    mkdirSync(join(dir, 'credentials'))
    writeFileSync(join(dir, 'credentials', TOKEN_CREDENTIAL), 'from-systemd\n')
    const loaded = load(PLAIN, { CREDENTIALS_DIRECTORY: join(dir, 'credentials') })
    expect(loaded.ok && loaded.value.proxmox.tokenSecret.reveal()).toBe('from-systemd')
  })

  test('pins the certificates of hosts by their fingerprints, or a CA, and never both', () => {
    const pin = Array(32).fill('AB').join(':')
    const pinned = `${PLAIN}  tokenSecret: s\n  fingerprints: ["${pin}"]\n`
    const loaded = load(pinned)
    expect(loaded.ok && loaded.value.proxmox.fingerprints).toEqual([pin])
    expect(errorOf(`${pinned}  caFile: /x.pem\n`)).toContain('give fingerprints or a CA, not both')
    expect(errorOf(`${PLAIN}  tokenSecret: s\n  fingerprints: [abc]\n`)).toContain('SHA-256 fingerprint')
  })

  test('warns when others can read a secret', () => {
    const loaded = load(`${PLAIN}  tokenSecret: s\n`, {}, 0o644)
    expect(loaded.ok && loaded.value.warnings).toMatchObject([expect.stringContaining('chmod 600')])
  })

  test.each([
    ['an unknown field', `${PLAIN}  tokenSecret: s\n  verifyTls: false\n`, 'verifyTls'],
    ['a bad value', `${PLAIN}  tokenSecret: s\nclockRate: 0\n`, 'clockRate'],
    ['a missing secret', PLAIN, 'tokenSecretFile'],
    ['an endpoint without TLS', PLAIN.replace('https', 'http'), 'proxmox.endpoints.0'],
    ['a bad token id', PLAIN.replace('lanline@pve!agent', 'root'), 'proxmox.tokenId'],
    ['two secrets', `${PLAIN}  tokenSecret: s\n  tokenSecretFile: /x\n`, 'proxmox.tokenSecretFile'],
    ['an authority that is none', `${PLAIN}  tokenSecret: s\n  caPem: nonsense\n`, 'proxmox.caPem'],
    ['a YAML alias', `${PLAIN}  tokenSecret: &s s\nlogLevel: *s\n`, 'aliases'],
    ['a bad proxy', `${PLAIN}  tokenSecret: s\nlan: {proxy: "http://x"}\n`, 'lan.proxy'],
  ])('names the field of %s', (_what, text, field) => {
    expect(errorOf(text)).toContain(field)
  })

  test('the environment overrides, and is checked as strictly', () => {
    const loaded = load(`${PLAIN}  tokenSecret: s\n`, { LANLINE_CLOCK_RATE: '20', LANLINE_LOG_LEVEL: 'debug' })
    expect(loaded).toMatchObject({ ok: true, value: { clockRate: 20, logLevel: 'debug' } })
    expect(errorOf(`${PLAIN}  tokenSecret: s\n`, { LANLINE_CLOCK_RATE: 'fast' })).toContain('clockRate')
  })

  test('a missing file says how to name one', () => {
    const loaded = loadConfig({ config: '/nonexistent/agent.yaml' }, {})
    expect(loaded).toMatchObject({ ok: false, error: expect.stringContaining('--config') })
  })

  test('the state directory comes from flag, environment, systemd, file, in this order', () => {
    const env = { LANLINE_STATE_DIR: '/env', STATE_DIRECTORY: '/systemd:/other' }
    expect([
      stateDirOf('/flag', env, '/file'),
      stateDirOf(undefined, env, '/file'),
      stateDirOf(undefined, { STATE_DIRECTORY: '/systemd:/other' }, '/file'),
      stateDirOf(undefined, {}, '/file'),
    ]).toEqual(['/flag', '/env', '/systemd', '/file'])
  })
})
