import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { realClock } from '#agent/clock.ts'
import { judgeConfiguration } from '#agent/doctor/checks/configuration.ts'
import { judgeJournal } from '#agent/doctor/checks/journal.ts'
import { judgeFiles, judgeRoom } from '#agent/doctor/checks/own-files.ts'
import { judgeRelay } from '#agent/doctor/checks/relay.ts'
import { judgeService } from '#agent/doctor/checks/service.ts'
import { ownFiles } from '#agent/doctor/probe/own-files.ts'
import { readJournal } from '#agent/doctor/probe/own-journal.ts'
import { probeRelay } from '#agent/doctor/probe/relay.ts'
import { parseService } from '#agent/doctor/probe/service.ts'
import { ensureIdentity } from '#agent/identity/identity.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'
import { aJournal, aStateDir } from '../journal/journal-at.ts'
import { complaints, onlyComplaint } from './builders.ts'

describe('configuration', () => {
  test('one that cannot be read is a problem, not the end of the doctor', () => {
    expect(complaints(judgeConfiguration(err('agent.yaml: proxmox.tokenId: must look like …')))).toEqual([
      'problem configuration-unreadable',
    ])
  })

  test('a secret that others can read is told with the command that closes it', () => {
    const warnings = ['/etc/x holds a secret and others can read it; run: chmod 600 /etc/x']
    expect(onlyComplaint(judgeConfiguration(ok({ warnings })))).toMatchObject({
      text: '/etc/x holds a secret and others can read it',
      fix: 'chmod 600 /etc/x',
    })
    expect(complaints(judgeConfiguration(ok({ warnings: [] })))).toEqual([])
  })
})

describe('own files', () => {
  test('what the agent itself makes is in order', async () => {
    const stateDir = aStateDir()
    chmodSync(stateDir, 0o700)
    await ensureIdentity(stateDir)
    expect(ownFiles(stateDir).length).toBe(3)
    expect(complaints(judgeFiles(ownFiles(stateDir), stateDir))).toEqual([])
  })

  test('a key that others may read is a problem, with the command that closes it', async () => {
    const stateDir = aStateDir()
    chmodSync(stateDir, 0o700)
    await ensureIdentity(stateDir)
    chmodSync(join(stateDir, 'age-key.txt'), 0o644)
    expect(onlyComplaint(judgeFiles(ownFiles(stateDir), stateDir)).fix).toBe(
      `chmod 600 ${join(stateDir, 'age-key.txt')}`,
    )
  })

  test('a file of another user is a problem: the service could not use it', () => {
    const files = [
      { path: '/s', kind: 'directory', mode: 0o700, uid: 990 },
      { path: '/s/journal.sqlite', kind: 'file', mode: 0o600, uid: 0 },
    ] as const
    expect(onlyComplaint(judgeFiles(files, '/s')).fix).toBe('chown --reference=/s /s/journal.sqlite')
  })

  test('a state directory that is missing or hidden is a problem, and a full one a warning', () => {
    const absent = join(aStateDir(), 'nothing')
    expect(complaints(judgeFiles(ownFiles(absent), absent))).toEqual(['problem state-directory-missing'])
    expect(complaints(judgeRoom(1024, '/s'))).toEqual(['warning state-directory-full'])
    expect(judgeRoom(undefined, '/s')).toEqual([])
  })
})

describe('journal', () => {
  test('is absent, held or sound, and looking does not count as a start of the agent', () => {
    const stateDir = aStateDir()
    expect(readJournal(stateDir)).toEqual({ state: 'absent' })
    const first = aJournal(stateDir)
    expect(readJournal(stateDir)).toEqual({ state: 'in-use' })
    const { incarnation } = first
    first.close()
    expect(readJournal(stateDir)).toEqual({ state: 'sound' })
    const second = aJournal(stateDir)
    expect(second.incarnation).toBe(incarnation + 1)
    second.close()
  })

  test('a file that is no database is broken, and the fix keeps it', () => {
    const stateDir = aStateDir()
    mkdirSync(stateDir, { recursive: true })
    writeFileSync(join(stateDir, 'journal.sqlite'), 'x'.repeat(8192))
    const found = judgeJournal(readJournal(stateDir), false, stateDir)
    expect(found).toMatchObject({ level: 'problem', code: 'journal-broken' })
    expect(found.fix).toContain(`mv ${stateDir}/journal.sqlite`)
  })

  test('held by a service that answers is in order, by a silent process a warning', () => {
    expect(judgeJournal({ state: 'in-use' }, true, '/s').level).toBe('ok')
    expect(judgeJournal({ state: 'in-use' }, false, '/s').level).toBe('warning')
  })
})

describe('service', () => {
  const shown = (active: string, watchdog: string, restarts = 0): string =>
    `LoadState=loaded\nActiveState=${active}\nWatchdogUSec=${watchdog}\nNRestarts=${restarts}\nUser=lanline-agent\n`

  test.each([
    [shown('active', '1min'), []],
    [shown('active', '0'), ['warning watchdog-off']],
    [shown('failed', '1min'), ['problem service-failed']],
    [shown('inactive', '1min'), ['warning service-stopped']],
    [shown('active', '1min', 9), ['warning service-restarting']],
    ['LoadState=not-found\nActiveState=inactive\n', ['warning service-not-installed']],
  ])('%j: %j', (text, expected) => {
    expect(complaints(judgeService(parseService(text), false))).toEqual(expected)
  })

  test('an agent that runs without systemd, as in a container, is in order', () => {
    expect(complaints(judgeService(undefined, true))).toEqual([])
  })
})

describe('relay', () => {
  test('not enrolled is a problem, with the line that enrols', () => {
    expect(onlyComplaint(judgeRelay(ok(undefined), undefined, undefined)).fix).toContain('lanline agent enroll SITE')
    expect(complaints(judgeRelay(err('enrolment.json is not JSON'), undefined, undefined))).toEqual([
      'problem enrolment-unreadable',
    ])
  })

  test('a relay out of reach is a problem, a session that dials again a warning, a refused one a problem', () => {
    const facts = ok({ status: 404, aheadMs: 0 })
    expect(complaints(judgeRelay(ok(anEnrolment), err('ENOTFOUND'), undefined))).toEqual(['problem relay-unreachable'])
    expect(
      complaints(
        judgeRelay(ok(anEnrolment), facts, { link: 'dialling', since: 0, failureCount: 1, lastEnding: '1006' }),
      ),
    ).toEqual(['warning session-down'])
    const refused = { link: 'waiting-for-a-person', since: 0, why: 'this agent has been revoked' } as const
    expect(complaints(judgeRelay(ok(anEnrolment), facts, refused))).toEqual(['problem session-refused'])
    expect(complaints(judgeRelay(ok(anEnrolment), facts, { link: 'connected', since: 0, epoch: 1 }))).toEqual([])
  })

  test('any answer of the relay will do, and its Date header tells how far the clocks are apart', async () => {
    const server = createServer((_, response) => {
      response.sendDate = false
      response.writeHead(404, { date: new Date(Date.now() + 120_000).toUTCString() }).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const probed = await probeRelay(`http://127.0.0.1:${port}`, realClock)
    expect(probed).toMatchObject({ ok: true, value: { status: 404 } })
    expect(probed.ok && Math.round((probed.value.aheadMs ?? 0) / 10_000)).toBe(12)
  })
})
