import { describe, expect, test } from 'vitest'
import { judgeSpace } from '#agent/doctor/checks/storage-space.ts'
import { judgeStorages } from '#agent/doctor/checks/storages.ts'
import { aStorage, complaints, GIB, onlyComplaint } from './builders.ts'

const PVE1 = { name: 'pve1', online: true, version: '9.2.11' }
const WANTED = { hosts: [{ name: 'pve1', storage: 'local-zfs', imageStorage: 'local' }] }
const DISKS = aStorage({ name: 'local-zfs', type: 'zfspool', content: ['images', 'rootdir'] })

describe('storages', () => {
  test('the storages of the documents are in order when they exist, are active and take what they should', () => {
    expect(complaints(judgeStorages([PVE1], [DISKS, aStorage()], WANTED))).toEqual([])
  })

  test('[pitfall 4] an image storage without import is told with the whole list, because the list is replaced as a whole', () => {
    const upgraded = aStorage({ content: ['backup', 'iso', 'vztmpl'] })
    const found = onlyComplaint(judgeStorages([PVE1], [DISKS, upgraded], WANTED))
    expect(found).toMatchObject({ level: 'problem', about: 'storage local on pve1' })
    expect(found.fix).toBe('pvesm set local --content backup,import,iso,vztmpl')
  })

  test('[pitfall 4] without documents the fix names the first storage that keeps files', () => {
    const upgraded = aStorage({ content: ['iso'] })
    expect(onlyComplaint(judgeStorages([PVE1], [DISKS, upgraded], undefined)).fix).toBe(
      'pvesm set local --content import,iso',
    )
  })

  test('before 8.4 it is iso that the image storage must take', () => {
    const old = { ...PVE1, version: '8.2.7' }
    expect(complaints(judgeStorages([old], [DISKS, aStorage({ content: ['iso'] })], WANTED))).toEqual([])
    expect(complaints(judgeStorages([old], [DISKS, aStorage({ content: ['vztmpl'] })], WANTED))).toEqual([
      'problem storage-content-missing',
    ])
  })

  test('a storage that is not there is told with those that are', () => {
    const found = onlyComplaint(judgeStorages([PVE1], [aStorage()], WANTED))
    expect(found).toMatchObject({ code: 'storage-missing', about: 'storage local-zfs on pve1' })
    expect(found.text).toContain('it sees local')
  })

  test('a storage that is not active is a problem', () => {
    expect(complaints(judgeStorages([PVE1], [{ ...DISKS, active: false }, aStorage()], WANTED))).toEqual([
      'problem storage-inactive',
    ])
  })

  test('[pitfall 55] a storage that hangs is named, and the others are still judged', () => {
    const nfs = aStorage({ name: 'nas', type: 'nfs', hangs: true })
    const found = judgeStorages([PVE1], [nfs, DISKS, aStorage({ content: ['iso'] })], WANTED)
    expect(complaints(found)).toEqual(['problem storage-hangs', 'problem storage-content-missing'])
    expect(found[0]).toMatchObject({ about: 'storage nas on pve1' })
  })

  test('hosts that the documents do not use are not judged', () => {
    expect(judgeStorages([{ ...PVE1, name: 'pve9' }], [], WANTED)).toEqual([])
  })
})

describe('free space', () => {
  const disks = (used: number) => ({ ...DISKS, totalBytes: 100 * GIB, freeBytes: (100 - used) * GIB })

  test.each([
    [50, []],
    [85, ['warning storage-filling']],
    [97, ['problem storage-full']],
  ])('a disk storage that is %i %% full: %j', (used, expected) => {
    expect(complaints(judgeSpace([disks(used)]))).toEqual(expected)
  })

  test('an image storage needs room for two images', () => {
    expect(complaints(judgeSpace([aStorage({ freeBytes: 2 * GIB })]))).toEqual(['warning storage-filling'])
    expect(complaints(judgeSpace([aStorage({ freeBytes: 6 * GIB })]))).toEqual([])
  })

  test('a thin pool is told how to grow', () => {
    expect(onlyComplaint(judgeSpace([{ ...disks(97), type: 'lvmthin' }])).fix).toContain('lvextend')
  })

  test('a storage whose size is not known is not judged', () => {
    expect(judgeSpace([aStorage({ totalBytes: 0, freeBytes: 0 })])).toEqual([])
  })
})
