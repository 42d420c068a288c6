import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TOKEN_CREDENTIAL } from '#agent/config/load-config.ts'
import { besideTheUnit } from '#agent/doctor/beside-the-unit.ts'

test('a person’s command finds the secret where the unit takes it from, and the unit’s own directory wins', () => {
  const unit = readFileSync(new URL('../../../agent/systemd/lanline-agent.service', import.meta.url), 'utf8')
  const directory = besideTheUnit({})['CREDENTIALS_DIRECTORY']
  expect(unit).toContain(`LoadCredential=${TOKEN_CREDENTIAL}:${directory}/${TOKEN_CREDENTIAL}`)
  expect(besideTheUnit({ CREDENTIALS_DIRECTORY: '/run/credentials/x' })['CREDENTIALS_DIRECTORY']).toBe(
    '/run/credentials/x',
  )
})
