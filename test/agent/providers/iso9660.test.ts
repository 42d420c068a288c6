import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { cidataFileName, machineOfCidata, writeCidata } from '#agent/providers/cidata.ts'
import { writeIso } from '#agent/providers/iso9660.ts'
import { aNicShape } from '#test/support/hardware.ts'

/**
 * Read back by a small reader of our own, in each of the three ways a system may choose. The same bytes were also read
 * by pycdlib 1.22 and named `cidata` by blkid 2.38.
 */
const SECTOR = 2048
interface Read {
  readonly label: string
  readonly files: Readonly<Record<string, string>>
}

function readIso(iso: Buffer, how: 'plain' | 'rock-ridge' | 'joliet'): Read {
  const volume = iso.subarray((how === 'joliet' ? 17 : 16) * SECTOR)
  expect(volume.subarray(0, 6).toString('latin1')).toBe(`${how === 'joliet' ? '\x02' : '\x01'}CD001`)
  expect(iso.readUInt8(18 * SECTOR)).toBe(255)
  expect(volume.readUInt32LE(80) * SECTOR).toBe(iso.length)
  const text = (bytes: Buffer): string =>
    how === 'joliet' ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('latin1')
  const root = volume.readUInt32LE(156 + 2)
  expect(volume.readUInt32BE(156 + 6)).toBe(root)
  const files: Record<string, string> = {}
  for (let at = root * SECTOR; iso.readUInt8(at) > 0; at += iso.readUInt8(at)) {
    const record = iso.subarray(at, at + iso.readUInt8(at))
    if ((record.readUInt8(25) & 2) !== 0) continue
    const nameLength = record.readUInt8(32)
    const plain = text(record.subarray(33, 33 + nameLength))
    const name = how === 'rock-ridge' ? nameIn(record.subarray(33 + nameLength + ((33 + nameLength) % 2))) : plain
    const from = record.readUInt32LE(2) * SECTOR
    files[name] = iso.subarray(from, from + record.readUInt32LE(10)).toString()
  }
  return { label: text(volume.subarray(40, 72)).trim(), files }
}

function nameIn(entries: Buffer): string {
  for (let at = 0; at + 4 <= entries.length; at += entries.readUInt8(at + 2))
    if (entries.subarray(at, at + 2).toString() === 'NM')
      return entries.subarray(at + 5, at + entries.readUInt8(at + 2)).toString()
  return ''
}

describe('a CD image', () => {
  const long = 'x'.repeat(5_000)
  const iso = Buffer.from(
    writeIso('cidata', [
      { name: 'user-data', content: Buffer.from(long) },
      { name: 'meta-data', content: Buffer.from('') },
      { name: 'network-config', content: Buffer.from('version: 1') },
    ]),
  )
  const files = { 'user-data': long, 'meta-data': '', 'network-config': 'version: 1' }

  test.each(['rock-ridge', 'joliet'] as const)('holds its files under their whole names for a %s reader', (how) => {
    expect(readIso(iso, how)).toEqual({ label: 'cidata', files })
  })

  test('holds them for a reader of plain ISO 9660 as well', () => {
    expect(Object.values(readIso(iso, 'plain').files).sort()).toEqual(Object.values(files).sort())
  })

  test('refuses what would not fit its one directory', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ name: `f${index}`, content: Buffer.from('') }))
    expect(() => writeIso('x', many)).toThrow('one sector')
    expect(() => writeIso('x', [{ name: 'a b', content: Buffer.from('') }])).toThrow('ASCII')
  })
})

describe('the CD that tells a machine its addresses', () => {
  const machine = {
    machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
    name: 'home-cp-1',
    nics: [
      aNicShape({ mtu: 9000 }),
      aNicShape({ mac: '02:54:41:00:00:02', addressCidr: '10.0.16.5/20', gateway: undefined }),
      aNicShape({ mac: '02:54:41:00:00:03', addressCidr: undefined, gateway: undefined }),
    ],
    nameservers: ['192.168.1.1', '1.1.1.1'],
  }
  const { label, files } = readIso(Buffer.from(writeCidata(machine)), 'rock-ridge')

  test('[pitfall 21] declares every NIC by its MAC: static with and without a gateway, and DHCP', () => {
    expect(label).toBe('cidata')
    expect(parse(files['network-config'] ?? '')).toEqual({
      version: 1,
      config: [
        {
          type: 'physical',
          name: 'eth0',
          mac_address: '02:54:41:00:00:01',
          mtu: 9000,
          subnets: [{ type: 'static', address: '192.168.1.51', netmask: '255.255.255.0', gateway: '192.168.1.1' }],
        },
        {
          type: 'physical',
          name: 'eth1',
          mac_address: '02:54:41:00:00:02',
          subnets: [{ type: 'static', address: '10.0.16.5', netmask: '255.255.240.0' }],
        },
        { type: 'physical', name: 'eth2', mac_address: '02:54:41:00:00:03', subnets: [{ type: 'dhcp4' }] },
        { type: 'nameserver', address: ['192.168.1.1', '1.1.1.1'] },
      ],
    })
  })

  test('[pitfall 19] has a user-data file that nobody takes for a machine configuration', () => {
    expect(files['user-data']).toMatch(/^#cloud-config\n/)
    expect(parse(files['meta-data'] ?? '')).toEqual({ 'instance-id': machine.machineId, 'local-hostname': 'home-cp-1' })
  })

  test('[pitfall 20] never asks for an IPv6 address by DHCP or router, which Talos would not read', () => {
    expect(files['network-config']).not.toMatch(/dhcp6|slaac|static6/)
  })

  test('is told apart from other files by the identity in its name', () => {
    expect(machineOfCidata(cidataFileName(machine.machineId))).toBe(machine.machineId)
    for (const other of ['lanline-x-cidata.iso', 'talos.iso', 'lanline-.iso'])
      expect(machineOfCidata(other)).toBeUndefined()
  })
})
