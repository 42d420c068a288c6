import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { Finding } from '#agent/doctor/finding.ts'
import { AgentConfig } from '#agent/config/agent-config.ts'
import { saveEnrolment } from '#agent/identity/enrolment.ts'
import { ensureIdentity } from '#agent/identity/identity.ts'
import { complaints } from '../doctor/builders.ts'
import { aDoctorSite, type DoctorSite } from '../doctor/lab-site.ts'
import { anEnrolment } from '../identity/an-enrolment.ts'

/** The commands as a person types them: a process of its own, in front of a simulated host. */
const MAIN = fileURLToPath(new URL('../../../agent/main.ts', import.meta.url))
const EXAMPLE = fileURLToPath(new URL('../../../examples/homelab.yaml', import.meta.url))

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

function lanlineAgent(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { PATH: '/nowhere', ...env }, timeout: 60_000 },
      (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
}

/** An enrolled agent for the site, as files; its relay is one that nobody is. */
async function anInstalledAgent(site: DoctorSite): Promise<{ readonly configFile: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'lanline-installed-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const stateDir = join(directory, 'state')
  await ensureIdentity(stateDir)
  chmodSync(stateDir, 0o700)
  saveEnrolment(stateDir, { ...anEnrolment, relayOrigin: site.config.imageFactory })
  const configFile = join(directory, 'agent.yaml')
  const { endpoints, tokenId, caPem, pool } = site.config.proxmox
  const config: unknown = {
    stateDir,
    imageFactory: site.config.imageFactory,
    proxmox: { endpoints, tokenId, caPem, pool, tokenSecretFile: join(directory, 'secret') },
  }
  expect(AgentConfig.safeParse(config)).toMatchObject({ success: true })
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 })
  writeFileSync(join(directory, 'secret'), site.config.proxmox.tokenSecret.reveal(), { mode: 0o600 })
  return { configFile }
}

test('on an installed agent nothing is a problem: doctor exits with 0, without colour and without a secret', async () => {
  const site = await aDoctorSite()
  const { configFile } = await anInstalledAgent(site)
  const text = await lanlineAgent(['doctor', '--config', configFile, '--site-file', EXAMPLE])
  expect(text).toMatchObject({ code: 0, err: '' })
  // No systemd unit is installed here.
  expect(text.out).toMatch(/no problems, 1 warning, \d+ ok\n$/)
  expect(text.out).not.toContain(String.fromCodePoint(27))
  expect(text.out).not.toContain(site.config.proxmox.tokenSecret.reveal())
})

test('a configuration that cannot be read is a finding like others, in JSON as well, and a problem is exit code 1', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lanline-bare-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  const nowhere = join(stateDir, 'agent.yaml')
  const ended = await lanlineAgent(['doctor', '--json', '--config', nowhere, '--state-dir', stateDir])
  expect(ended.code).toBe(1)
  const findings = JSON.parse(ended.out) as readonly Finding[]
  expect(complaints(findings)).toEqual([
    'problem configuration-unreadable',
    'warning service-not-installed',
    'problem not-enrolled',
  ])
})

test('a site file that cannot be read is exit code 2, because nothing was examined', async () => {
  const ended = await lanlineAgent(['doctor', '--site-file', '/nowhere/home.yaml'])
  expect(ended).toMatchObject({ code: 2, out: '' })
  expect(ended.err).toContain('--site-file')
})

test('rights asks the configured host for its release, and prints a script', async () => {
  const { configFile } = await anInstalledAgent(await aDoctorSite())
  const { code, out } = await lanlineAgent(['rights', '--config', configFile, '--storage', 'fast', 'slow'])
  expect(code).toBe(0)
  expect(out).toContain('Proxmox VE 9:')
  expect(out).toContain('pveum acl modify /storage/slow --users lanline@pve --roles LanlineDisk\n')
})
