import { describe, expect, test } from 'vitest'
import {
  diskGiBOf,
  formatProperties,
  macsOf,
  nodeOfTask,
  parseProperties,
  parseTags,
  toFlag,
  toNumber,
  typeOfTask,
  uuidOf,
} from '#agent/providers/proxmox/parse.ts'

describe('lenient readers', () => {
  test('booleans are 0 and 1, in whatever type', () => {
    expect([1, '1', true].map(toFlag)).toEqual([true, true, true])
    expect([0, '0', false, undefined, null, 'yes', ''].map(toFlag)).toEqual(Array(7).fill(false))
  })

  test('numbers may come as strings, and anything else is no number', () => {
    expect(['100', 100, '0.00', '', 'x', null, undefined].map(toNumber)).toEqual([
      100,
      100,
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('a property string keeps its volume, and values with = in them', () => {
    expect(parseProperties('fast:20001/vm-20001-disk-1.qcow2,cache=none,size=64M')).toEqual({
      '': 'fast:20001/vm-20001-disk-1.qcow2',
      cache: 'none',
      size: '64M',
    })
    expect(parseProperties('uuid=6f3b,serial=ZHM9,base64=1')['serial']).toBe('ZHM9')
    expect(formatProperties('fast:0', { 'import-from': 'img:import/f', tag: undefined, ssd: '1' })).toBe(
      'fast:0,import-from=img:import/f,ssd=1',
    )
  })

  test('identity of a guest: UUID in lower case, MACs in the order of its NICs', () => {
    const config = {
      smbios1: 'uuid=6F3B0C1E-1A52-4D0F-9A63-2F4B8A3F0001',
      net10: 'e1000=02:54:41:00:00:0a,bridge=vmbr0',
      net2: 'virtio=02:54:41:00:00:02,bridge=vmbr0,firewall=0',
      net0: 'name=eth0,bridge=vmbr0,hwaddr=bc:24:11:00:00:01,ip=dhcp',
    }
    expect(uuidOf(config)).toBe('6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001')
    expect(macsOf(config)).toEqual(['BC:24:11:00:00:01', '02:54:41:00:00:02', '02:54:41:00:00:0A'])
    expect(uuidOf({ digest: 'a7e9', lock: 'create' })).toBeUndefined()
  })

  test.each([
    ['x,size=40G', 40],
    ['x,size=528K', 528 / 1024 ** 2],
    ['x,size=1T', 1024],
    ['x,size=64M', 1 / 16],
    ['x', undefined],
  ])('size of the disk %s', (disk, size) => {
    expect(diskGiBOf(disk)).toBe(size)
  })

  test('tags are split as Proxmox splits them, and come back sorted', () => {
    expect(parseTags('talos;cluster-x,cp home')).toEqual(['cluster-x', 'cp', 'home', 'talos'])
    expect(parseTags(undefined)).toEqual([])
  })

  test('a UPID names its node and its work', () => {
    const upid = 'UPID:pve1:0000014F:00092BAA:6B002818:qmcreate:20001:talos@pve!agent:'
    expect([nodeOfTask(upid), typeOfTask(upid)]).toEqual(['pve1', 'qmcreate'])
  })
})
