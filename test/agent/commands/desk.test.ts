import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { err, ok } from '#core/base/result.ts'
import { AdmitAnswer, admitQuestion } from '#agent/commands/admit.ts'
import { createDesk } from '#agent/commands/desk.ts'
import {
  askDesk,
  CredentialsAnswer,
  credentialsQuestion,
  deskSocketPath,
  serveDesk,
  StatusAnswer,
  statusQuestion,
} from '#agent/commands/desk-socket.ts'
import { ensureIdentity } from '#agent/identity/identity.ts'
import { createLogger } from '#agent/log.ts'
import { openVault } from '#agent/vault/vault.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'
import { aJournal, aStateDir, CLUSTER } from '../journal/journal-at.ts'
import { aWatch } from '../observe/a-site.ts'

async function aDesk(stateDir = aStateDir()) {
  const identity = await ensureIdentity(stateDir)
  const journal = aJournal(stateDir)
  const vault = openVault({
    store: journal.secrets,
    identity: identity.ageIdentity,
    recipients: [identity.ageRecipient],
    now: Date.now,
    random: (count) => randomBytes(count),
  })
  const desk = createDesk({
    journal,
    vault,
    enrolment: anEnrolment,
    fingerprint: identity.fingerprint,
    lanProxy: new URL('socks5://127.0.0.1:1080'),
    now: Date.now,
    link: () => ({ link: 'not-running' }),
    proxmoxTrouble: () => undefined,
    admit: (fingerprint) => Promise.resolve(fingerprint === 'known' ? ok(2) : err('nobody has it')),
  })
  return { desk, journal, vault, stateDir }
}

describe('desk', () => {
  test('hands out a kubeconfig for an hour, never for system:masters, and journals it first', async () => {
    const { desk, journal, vault } = await aDesk()
    await vault.create(CLUSTER, 1)
    journal.watches.put(aWatch())
    const record: unknown[] = []
    const issued = await createDeskRecording(desk, journal, record)
    const config = parse(issued)
    expect(config.clusters[0].cluster).toMatchObject({
      server: 'https://192.168.1.50:6443',
      'proxy-url': 'socks5://127.0.0.1:1080',
    })
    const certificate = Buffer.from(config.users[0].user['client-certificate-data'], 'base64').toString('latin1')
    const { X509Certificate } = await import('node:crypto')
    const read = new X509Certificate(certificate)
    expect(read.subject).toContain('O=lanline:admin')
    expect(read.subject).not.toContain('system:masters')
    expect(Date.parse(read.validTo) - Date.now()).toBeLessThanOrEqual(60 * 60_000)
    expect(record).toEqual([['kubeconfig', CLUSTER]])
  })

  test('says which clusters it knows when asked for another', async () => {
    const { desk, journal } = await aDesk()
    journal.watches.put(aWatch())
    expect(await desk.issue('kubeconfig', 'hoem')).toEqual({
      ok: false,
      error: 'this agent knows no cluster "hoem"; it knows home',
    })
  })

  test('says that a cluster without secrets is still being created', async () => {
    const { desk, journal } = await aDesk()
    journal.watches.put(aWatch({ secretsVersion: 0 }))
    expect(await desk.issue('talosconfig', 'home')).toMatchObject({
      ok: false,
      error: expect.stringContaining('no secrets'),
    })
  })
})

async function createDeskRecording(
  desk: Awaited<ReturnType<typeof aDesk>>['desk'],
  journal: Awaited<ReturnType<typeof aDesk>>['journal'],
  record: unknown[],
): Promise<string> {
  const original = journal.issued.record
  Object.assign(journal.issued, {
    record: (...args: Parameters<typeof original>) => {
      record.push(args.slice(0, 2))
      original(...args)
    },
  })
  const issued = await desk.issue('kubeconfig', 'home')
  if (!issued.ok) throw new Error(issued.error)
  return issued.value.reveal()
}

describe('desk socket', () => {
  test('serves its own user only, and answers what the desk answers', async () => {
    const { desk, journal, vault, stateDir } = await aDesk()
    await vault.create(CLUSTER, 1)
    journal.watches.put(aWatch())
    const path = deskSocketPath(stateDir, {})
    const server = await serveDesk(desk, path, createLogger('error', 'silent'))
    onTestFinished(() => {
      server.close()
    })
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const status = await askDesk(path, statusQuestion, StatusAnswer)
    expect(status).toMatchObject({ ok: true, value: { siteName: 'home', clusters: [{ name: 'home' }] } })
    const config = await askDesk(path, credentialsQuestion('talosconfig', 'home'), CredentialsAnswer)
    expect(config?.ok && parse(config.value.text).contexts.home.endpoints).toEqual(['192.168.1.51'])
    expect(await askDesk(path, admitQuestion('known'), AdmitAnswer)).toEqual({ ok: true, value: { bundles: 2 } })
    expect(await askDesk(path, admitQuestion('other'), AdmitAnswer)).toEqual({ ok: false, error: 'nobody has it' })
    expect(await askDesk(path, credentialsQuestion('kubeconfig', 'other'), CredentialsAnswer)).toMatchObject({
      ok: false,
    })
  })

  test('is undefined when no service runs, also when a killed one left its socket behind', async () => {
    const { desk, stateDir } = await aDesk()
    const path = deskSocketPath(stateDir, {})
    expect(await askDesk(path, statusQuestion, StatusAnswer)).toBeUndefined()
    const server = await serveDesk(desk, path, createLogger('error', 'silent'))
    server.close()
    await once(server, 'close')
    expect(await askDesk(path, statusQuestion, StatusAnswer)).toBeUndefined()
  })

  test('finds a place of its own when the state directory lies too deep for a socket', () => {
    const deep = join('/var/lib', 'x'.repeat(120))
    expect(deskSocketPath(deep, { XDG_RUNTIME_DIR: '/run/user/1' })).toMatch(
      /^\/run\/user\/1\/lanline-agent-[0-9a-f]{16}\.sock$/,
    )
    expect(deskSocketPath('/var/lib/lanline-agent', {})).toBe('/var/lib/lanline-agent/agent.sock')
  })
})
