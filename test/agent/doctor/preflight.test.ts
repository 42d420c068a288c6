import { expect, test } from 'vitest'
import { realClock } from '#agent/clock.ts'
import { preflight } from '#agent/doctor/preflight.ts'
import { aDoctorSite } from './lab-site.ts'

const recording = () => {
  const said: unknown[] = []
  return { said, log: { warn: (line: unknown) => void said.push(line), info: (line: unknown) => void said.push(line) } }
}

test('at the start of the service each problem of the site is one warning in the log, with its fix', async () => {
  const site = await aDoctorSite()
  await site.type(['pvesm', 'set', 'local', '--content', 'iso,vztmpl'])
  const { said, log } = recording()
  await preflight(site.config, log, realClock)
  expect(said).toEqual([
    expect.objectContaining({
      event: 'site.troubled',
      code: 'storage-content-missing',
      fix: 'pvesm set local --content import,iso,vztmpl',
    }),
    expect.objectContaining({ event: 'site.examined', problemCount: 1 }),
  ])
})

test('a site in order is one line, and a site out of reach is a warning, never a failure', async () => {
  const site = await aDoctorSite()
  const well = recording()
  await preflight(site.config, well.log, realClock)
  expect(well.said).toEqual([expect.objectContaining({ event: 'site.examined', problemCount: 0 })])
  site.host.setOnline(false)
  const away = recording()
  await preflight(site.config, away.log, realClock)
  expect(away.said[0]).toMatchObject({ event: 'site.troubled', code: 'endpoint-unreachable' })
})
