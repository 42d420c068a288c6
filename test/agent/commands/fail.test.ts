import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sayFileFault } from '#agent/commands/fail.ts'
import { aStateDir } from '../journal/journal-at.ts'

const thrownBy = (act: () => unknown): unknown => {
  try {
    return act()
  } catch (thrown) {
    return thrown
  }
}

test('a place that cannot be used is named, with what to do', () => {
  const file = join(aStateDir(), 'file')
  writeFileSync(file, '')
  const fault = thrownBy(() => mkdirSync(join(file, 'below'), { recursive: true }))
  expect(sayFileFault(fault)).toBe(
    `${join(file, 'below')} cannot be used: a part of the path is a file; name another place with --state-dir`,
  )
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/var/lib/lanline-agent' })
  expect(sayFileFault(denied)).toContain('sudo -u lanline-agent')
})

test('other faults are left to whoever meets them', () => {
  expect(sayFileFault(new TypeError('a mistake of ours'))).toBeUndefined()
  expect(sayFileFault(thrownBy(() => readFileSync(join(aStateDir(), 'absent'))))).toBeUndefined()
})
