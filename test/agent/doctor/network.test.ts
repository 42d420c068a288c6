import { describe, expect, test } from 'vitest'
import { err, ok } from '#core/base/result.ts'
import { judgeBridges } from '#agent/doctor/checks/bridges.ts'
import { judgeFirewalls } from '#agent/doctor/checks/guest-firewall.ts'
import { judgeTunnels } from '#agent/doctor/checks/host-tunnel.ts'
import { judgeFactory } from '#agent/doctor/checks/image-factory.ts'
import { judgeStaged } from '#agent/doctor/checks/staged-network.ts'
import { aGuest, complaints, onlyComplaint } from './builders.ts'

describe('bridges', () => {
  const vmbr0 = { name: 'vmbr0', ports: ['eno1'], vlanAware: false, kernel: true }
  const wanted = (vlan?: number) => ({
    hosts: ['pve1', 'pve2'].map((name) => ({ name, storage: undefined, imageStorage: undefined })),
    bridges: [{ name: 'vmbr0', vlan }],
  })

  test('[pitfall 11] a bridge has to be on every host of the site, and a hidden one looks like a missing one', () => {
    const found = judgeBridges(
      [
        { host: 'pve1', bridges: [vmbr0] },
        { host: 'pve2', bridges: [] },
      ],
      wanted(),
    )
    expect(onlyComplaint(found)).toMatchObject({ code: 'bridge-missing', about: 'bridge vmbr0 on pve2' })
    expect(onlyComplaint(found).text).toContain('or no SDN.Use on it')
  })

  test('a VLAN on a bridge without a port is a problem: machines on it would not start', () => {
    const isolated = { ...vmbr0, ports: [] }
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [isolated] }], wanted(20)))).toEqual([
      'problem bridge-without-port',
    ])
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [isolated] }], wanted()))).toEqual([])
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [vmbr0] }], wanted(20)))).toEqual([])
  })

  test('a VNet of the SDN brings its own VLAN', () => {
    const vnet = { name: 'vmbr0', ports: [], vlanAware: false, kernel: false }
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [vnet] }], wanted(20)))).toEqual([])
  })

  test('without documents any bridge will do, and none is a problem', () => {
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [vmbr0] }], undefined))).toEqual([])
    expect(complaints(judgeBridges([{ host: 'pve1', bridges: [] }], undefined))).toEqual(['problem bridge-missing'])
  })
})

describe('staged network changes', () => {
  test('[pitfall 51] edits that wait on a host are counted, with the commands to apply or drop them', () => {
    const diff =
      '--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n@@ -1 +1,2 @@\n-iface a\n+iface b\n+iface c\n'
    const found = onlyComplaint(judgeStaged('pve1', diff))
    expect(found.text).toContain('changes of 3 lines')
    expect(found.fix).toContain('pvesh delete /nodes/pve1/network')
    expect(judgeStaged('pve1', undefined)).toEqual([])
  })
})

describe('guest firewall', () => {
  const guest = aGuest()
  const on = { guest, enabled: true, ipFilter: false, macFilter: false, cards: ['net0'] }

  test('[pitfall 41] ipfilter is a problem, macfilter a warning, each with the command that ends it', () => {
    const found = judgeFirewalls([{ ...on, ipFilter: true, macFilter: true }])
    expect(complaints(found)).toEqual(['problem firewall-filters-addresses', 'warning firewall-filters-macs'])
    expect(found.map(({ fix }) => fix)).toEqual([
      'pvesh set /nodes/pve1/qemu/5000/firewall/options --ipfilter 0',
      'pvesh set /nodes/pve1/qemu/5000/firewall/options --macfilter 0',
    ])
  })

  test('[pitfall 41] filters of a firewall that is off do nothing and are not told', () => {
    expect(complaints(judgeFirewalls([{ ...on, enabled: false, ipFilter: true, macFilter: true }]))).toEqual([])
    expect(complaints(judgeFirewalls([on]))).toEqual([])
  })
})

describe('tunnel offload', () => {
  const facts = (machine: string, settings: Record<string, string> = { virtio: 'AA', bridge: 'vmbr0' }) => ({
    guest: aGuest({ nics: [{ key: 'net0', settings }] }),
    machine,
  })

  test.each([
    ['pc-q35-10.2+pve1', 1],
    ['pc-q35-11.0', 1],
    ['pc-q35-11.0+pve0', 1],
    ['pc-q35-11.0+pve1', 0],
    ['pc-q35-10.1', 0],
    ['pc-i440fx-10.2', 1],
  ])('[pitfall 40] %s over several hosts: %i warnings', (machine, count) => {
    expect(complaints(judgeTunnels([facts(machine)], 2))).toHaveLength(count)
  })

  test('[pitfall 40] the fix keeps every setting of the card, and a card with host-tunnel=0 is in order', () => {
    expect(onlyComplaint(judgeTunnels([facts('pc-q35-10.2')], 2)).fix).toContain(
      'qm set 5000 --net0 virtio=AA,bridge=vmbr0,host-tunnel=0',
    )
    expect(complaints(judgeTunnels([facts('pc-q35-10.2', { virtio: 'AA', 'host-tunnel': '0' })], 2))).toEqual([])
  })

  test('[pitfall 40] on one host the packets never leave it', () => {
    expect(complaints(judgeTunnels([facts('pc-q35-10.2')], 1))).toEqual([])
  })
})

describe('image factory', () => {
  const facts = {
    url: 'https://factory.talos.dev',
    fromAgent: ok(['v1.12.4', 'v1.13.9', 'v1.14.0-beta.0']),
    fromHosts: [{ host: 'pve1', why: undefined, forbidden: false }],
    wantedVersions: ['v1.13.9'],
  }

  test('reached from the agent and from each host, it is in order', () => {
    expect(complaints(judgeFactory(facts))).toEqual([])
  })

  test('the agent cannot go on without it; a host that does not reach it is a warning', () => {
    expect(complaints(judgeFactory({ ...facts, fromAgent: err('ENOTFOUND'), fromHosts: [] }))).toEqual([
      'problem factory-unreachable',
    ])
    const cutOff = [{ host: 'pve1', why: "Can't connect", forbidden: false }]
    expect(complaints(judgeFactory({ ...facts, fromHosts: cutOff }))).toEqual(['warning factory-unreachable'])
  })

  test('a host that may not fetch is left to the check of privileges, which has the command', () => {
    const forbidden = [{ host: 'pve1', why: '403', forbidden: true }]
    expect(complaints(judgeFactory({ ...facts, fromHosts: forbidden }))).toEqual([])
  })

  test('a Talos version that the factory does not make is a problem of the document', () => {
    const found = onlyComplaint(judgeFactory({ ...facts, wantedVersions: ['v1.13.99'] }))
    expect(found).toMatchObject({ code: 'talos-version-unknown', about: 'Talos v1.13.99' })
    expect(found.text).toContain('v1.13.9')
  })
})
