import { describe, expect, test } from 'vitest'
import { writeCidata } from '#agent/providers/cidata.ts'
import { readCidata } from '#lab/proxmox/cidata.ts'
import { readIso } from '#lab/proxmox/iso9660.ts'
import { aPlainIso } from './a-plain-iso.ts'

const V1 = `version: 1
config:
  - type: physical
    name: eth0
    mac_address: '02:54:41:AA:00:01'
    subnets:
      - type: static
        address: 192.168.1.51
        netmask: 255.255.255.0
        gateway: 192.168.1.1
  - type: physical
    mac_address: '02:54:41:aa:00:02'
    subnets: [{type: dhcp4}]
  - type: nameserver
    address: [192.168.1.1]
`
const V2 = `network:
  version: 2
  ethernets:
    any:
      match: {macaddress: '02:54:41:aa:00:01'}
      addresses: [10.0.0.5/16]
      routes: [{to: default, via: 10.0.0.1}]
      nameservers: {addresses: [10.0.0.1]}
`

describe('an uploaded medium labelled cidata', () => {
  test('tells a guest its name and its addresses in version 1', () => {
    const image = aPlainIso('cidata', { 'meta-data': 'local-hostname: cp-1\n', 'network-config': V1 })
    expect(readCidata(image)).toEqual({
      hostname: 'cp-1',
      nics: [
        { mac: '02:54:41:aa:00:01', address: '192.168.1.51/24', gateway: '192.168.1.1' },
        { mac: '02:54:41:aa:00:02', address: undefined, gateway: undefined },
      ],
      nameservers: ['192.168.1.1'],
    })
  })

  test('tells them in version 2, below a network key or not', () => {
    const image = aPlainIso('CIDATA', { 'meta-data': 'hostname: w-1\n', 'network-config': V2 })
    expect(readCidata(image)).toEqual({
      hostname: 'w-1',
      nics: [{ mac: '02:54:41:aa:00:01', address: '10.0.0.5/16', gateway: '10.0.0.1' }],
      nameservers: ['10.0.0.1'],
    })
  })

  test('with a broken network configuration tells no address', () => {
    const image = aPlainIso('cidata', { 'meta-data': 'local-hostname: x', 'network-config': '{' })
    expect(readCidata(image)).toEqual({ hostname: 'x', nics: [], nameservers: [] })
  })

  test.each([
    ['another label', aPlainIso('TALOS', { 'meta-data': '' })],
    ['no ISO 9660 at all', Buffer.from('lab'.repeat(50_000))],
    ['nothing', Buffer.alloc(0)],
  ])('is not seen in %s', (_, image) => {
    expect(readCidata(image)).toBeUndefined()
  })

  test('is read as the agent writes it, by its Rock Ridge names', () => {
    const image = Buffer.from(
      writeCidata({
        machineId: '6f3b0c1e-1a52-4d0f-9a63-2f4b8a3f0001',
        name: 'cp-1',
        nics: [
          {
            network: 'lan',
            bridge: 'vmbr0',
            firewall: false,
            hostTunnel: false,
            mac: '02:54:41:00:00:01',
            addressCidr: '192.168.1.51/24',
            gateway: '192.168.1.1',
          },
        ],
        nameservers: ['192.168.1.1'],
      }),
    )
    expect([...(readIso(image)?.files.keys() ?? [])].sort()).toEqual(['meta-data', 'network-config', 'user-data'])
    expect(readCidata(image)).toEqual({
      hostname: 'cp-1',
      nics: [{ mac: '02:54:41:00:00:01', address: '192.168.1.51/24', gateway: '192.168.1.1' }],
      nameservers: ['192.168.1.1'],
    })
  })
})
