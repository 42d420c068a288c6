import { describe, expect, test } from 'vitest'
import { judgeProcessor } from '#agent/doctor/checks/processors.ts'
import { judgeQuorum } from '#agent/doctor/checks/quorum.ts'
import { judgeRootSpace } from '#agent/doctor/checks/root-space.ts'
import { judgeTags } from '#agent/doctor/checks/tags.ts'
import { judgeVersions } from '#agent/doctor/checks/version.ts'
import { complaints, GIB, onlyComplaint } from './builders.ts'

const host = (version: string, name = 'pve1') => ({ name, online: true, version })

describe('versions', () => {
  test.each([
    ['7.4.16', ['problem version-too-old']],
    ['8.0.3', ['warning version-without-import']],
    ['8.3.5', ['warning version-without-import']],
    ['8.4.21', []],
    ['9.2.11', []],
    ['10.0.1', ['warning version-unknown']],
  ])('%s: %j', (version, expected) => {
    expect(complaints(judgeVersions([host(version)]))).toEqual(expected)
  })

  test('members of different releases are told, patch levels are not', () => {
    expect(complaints(judgeVersions([host('9.2.11'), host('9.1.4', 'pve2')]))).toEqual(['warning versions-mixed'])
    expect(complaints(judgeVersions([host('9.2.11'), host('9.2.4', 'pve2')]))).toEqual([])
  })

  test('a host that does not tell its version is left to the other checks', () => {
    expect(judgeVersions([host('')])).toEqual([])
  })
})

describe('quorum', () => {
  test('[pitfall 62] a standalone host has no cluster row and is in order', () => {
    expect(complaints(judgeQuorum({ quorate: undefined, offline: [], hostCount: 1 }))).toEqual([])
  })

  test('a cluster without quorum is a problem, a host that is off alone a warning', () => {
    expect(complaints(judgeQuorum({ quorate: false, offline: ['pve2'], hostCount: 2 }))).toEqual([
      'problem quorum-lost',
      'warning host-offline',
    ])
    expect(complaints(judgeQuorum({ quorate: true, offline: ['pve3'], hostCount: 3 }))).toEqual([
      'warning host-offline',
    ])
  })
})

describe('processors', () => {
  const flags = 'fpu sse2 ssse3 sse4_1 sse4_2 popcnt aes'.split(' ')
  const able = { host: 'pve1', model: 'EPYC', virtualisation: true, flags }

  test('[pitfall 14] a processor below x86-64-v2 is a problem that names what it lacks', () => {
    const found = judgeProcessor({ ...able, flags: flags.filter((flag) => flag !== 'sse4_2') })
    expect(found).toMatchObject({ level: 'problem', code: 'processor-too-old' })
    expect(found.text).toContain('lacks sse4_2')
  })

  test('a host without hardware virtualisation is a problem, an able one is not', () => {
    expect(judgeProcessor({ ...able, virtualisation: false }).code).toBe('virtualisation-off')
    expect(judgeProcessor(able).level).toBe('ok')
  })
})

describe('root file systems', () => {
  test.each([
    [3 * GIB, 'ok'],
    [GIB, 'warning'],
    [GIB / 8, 'problem'],
  ])('[pitfall 7] %i bytes free, through which uploads pass: %s', (free, level) => {
    expect(judgeRootSpace('pve1', free).level).toBe(level)
  })
})

describe('tags', () => {
  const free = { registered: [], userAllow: 'free', allowedList: [] }

  test('[pitfall 43] registered tags of ours are told, and the fix keeps those of others', () => {
    const found = onlyComplaint(judgeTags({ ...free, registered: ['backup', 'lanline', 'prod'] }))
    expect(found.fix).toBe("pvesh set /cluster/options --registered-tags 'backup;prod'")
  })

  test('a datacenter that restricts tags is a warning unless it lists ours', () => {
    expect(complaints(judgeTags({ ...free, userAllow: 'none' }))).toEqual(['warning tags-restricted'])
    expect(complaints(judgeTags({ ...free, userAllow: 'list', allowedList: ['lanline'] }))).toEqual([])
    expect(complaints(judgeTags(free))).toEqual([])
  })
})
