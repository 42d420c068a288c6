import { describe, expect, test } from 'vitest'
import type { Hardware } from '#core/model/hardware.ts'
import { toNewMachine } from '#agent/operations/new-machine.ts'
import { creationParams } from '#agent/providers/proxmox/creation.ts'
import { driftOf, wantedAttributes, type WantedMachine } from '#agent/providers/proxmox/drift.ts'
import { attributesOf } from '#agent/providers/proxmox/drift-attributes.ts'
import type { Row } from '#agent/providers/proxmox/parse.ts'
import { aDiskShape, aHardware, aNicShape } from '#test/support/hardware.ts'
import { aCreation } from '#test/support/proxmox-site.ts'

const wanted = (hardware: Partial<Hardware> = {}): WantedMachine =>
  toNewMachine(aCreation({ hardware: aHardware(hardware) }))

/** The configuration that a host shows for a machine made as wanted: volumes named, sizes told, keys of its own added. */
function configOf(machine: WantedMachine, changed: Record<string, unknown> = {}): Row {
  const input = aCreation({ hardware: machine.hardware })
  const params = creationParams(toNewMachine(input), 'lanline', { hostTunnelKnown: true })
  const disks = machine.hardware.disks.map(({ storage, sizeGiB }, index) => {
    const sent = String(params[`scsi${index}`])
      .split(',')
      .filter((item) => !item.includes(':') && !item.startsWith('import-from'))
    return [`scsi${index}`, [`${storage}:vm-2001-disk-${index}`, ...sent, `size=${sizeGiB}G`].join(',')]
  })
  const { vmid: _, pool: __, ...kept } = params
  const config = {
    ...kept,
    ...Object.fromEntries(disks),
    memory: String(machine.hardware.memoryMiB),
    tags: ['lanline', 'lanline-home', ...machine.hardware.tags].sort().join(';').toLowerCase(),
    protection: machine.hardware.protection ? 1 : 0,
    ide2: 'local-zfs:vm-2001-cloudinit,media=cdrom,size=4M',
    meta: 'creation-qemu=10.0.2,ctime=1795172378',
    vmgenid: '279ad70b-79cc-4d19-b1ff-86fde63ba647',
    digest: '0e3276abb0dbe58e73e36611c49024b85745b567',
    ...changed,
  }
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}
const rich: Partial<Hardware> = {
  numa: true,
  tpm: true,
  secureBoot: true,
  disks: [
    aDiskShape(),
    aDiskShape({ name: 'data', storage: 'tank', sizeGiB: 500, backup: false, iothread: true, ssd: false }),
  ],
  nics: [aNicShape({ vlan: 20, firewall: true }), aNicShape({ mac: '02:54:41:00:00:02', mtu: 9000, hostTunnel: true })],
  devices: [{ mapping: 'hba', pcie: true }],
  tags: ['Storage'],
  protection: true,
}
const differing = (changed: Record<string, unknown>, hardware: Partial<Hardware> = {}, pending: readonly Row[] = []) =>
  driftOf(wanted(hardware), configOf(wanted(hardware), changed), pending)

describe('no drift', () => {
  test.each([{}, rich, { firmware: 'seabios' }, { cpuType: 'host' }] as Partial<Hardware>[])(
    'a machine as it was made differs in nothing, shape %#',
    (hardware) => {
      expect(differing({}, hardware)).toEqual([])
    },
  )

  test.each([
    ['units', { scsi0: 'local-zfs:vm-2001-disk-0,cache=none,discard=on,serial=talos-system,size=40960M,ssd=1' }],
    ['the order of sub-keys', { net0: 'firewall=0,bridge=vmbr0,host-tunnel=0,virtio=02:54:41:00:00:01' }],
    ['the case of a MAC', { net0: 'virtio=02:54:41:00:00:01'.toLowerCase() + ',bridge=vmbr0' }],
    ['numbers as text', { cores: '4', onboot: '1', balloon: '0' }],
    ['the version of the machine type', { machine: 'pc-q35-10.1' }],
    ['tags that others added, in another order', { tags: 'zeta;lanline-home;LANLINE' }],
    ['a newline that the server added', { description: `x\nmachine: ${wanted().machineId}\n` }],
    ['a detached disk', { unused0: 'local-zfs:vm-2001-disk-7' }],
    ['an ISO that is still in its drive', { ide0: 'local:iso/talos.iso,media=cdrom', boot: 'order=scsi0;ide0' }],
    ['a lock', { lock: 'backup' }],
    ['a key that the host does not know', { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0' }],
  ])('%s is none', (_, changed) => {
    expect(differing(changed)).toEqual([])
  })
})

describe('drift', () => {
  const one = (attribute: string, driftClass: string, is: string | undefined) => [
    expect.objectContaining({ attribute, driftClass, is, waits: false }),
  ]
  const disk = 'local-zfs:vm-2001-disk-0,cache=none,discard=on,serial=talos-system,ssd=1'
  test.each([
    ['name', 'hot', 'other', { name: 'other' }],
    ['tags', 'hot', 'lanline', { tags: 'lanline' }],
    ['marker', 'hot', '', { description: 'mine now' }],
    ['onboot', 'hot', '0', { onboot: undefined }],
    ['protection', 'hot', '1', { protection: 1 }],
    ['boot-first', 'hot', 'ide0', { boot: 'order=ide0;scsi0' }],
    ['nic 0 bridge', 'hot', 'vmbr9', { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr9,firewall=0' }],
    ['nic 0 vlan', 'hot', '7', { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,tag=7' }],
    ['nic 0 link', 'hot', '0', { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,link_down=1' }],
    ['disk talos-system size', 'hot', '8', { scsi0: `${disk},size=8G` }],
    ['disk talos-system storage', 'hot', 'nfs', { scsi0: `${disk.replace('local-zfs', 'nfs')},size=40G` }],
    ['disk talos-system size', 'immutable', '80', { scsi0: `${disk},size=80G` }],
    ['nic 0 mac', 'immutable', '02:54:41:00:00:99', { net0: 'virtio=02:54:41:00:00:99,bridge=vmbr0' }],
    ['uuid', 'immutable', 'x', { smbios1: 'uuid=x' }],
    ['efi-disk', 'immutable', '0', { efidisk0: undefined }],
    ['cpu', 'pending', '8', { sockets: 2 }],
    ['cpu-type', 'pending', 'kvm64', { cpu: undefined }],
    ['memory-mib', 'pending', '4096', { memory: 'current=4096' }],
    ['balloon', 'pending', 'on', { balloon: undefined }],
    ['firmware', 'pending', 'seabios', { bios: undefined }],
    ['machine', 'pending', 'pc', { machine: undefined }],
    ['controller', 'pending', 'lsi', { scsihw: undefined }],
    ['guest-agent', 'pending', '1', { agent: '1,fstrim_cloned_disks=1' }],
    ['nic 0 host-tunnel', 'pending', '1', { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,host-tunnel=1' }],
    [
      'disk talos-system cache',
      'pending',
      'unsafe',
      { scsi0: `${disk.replace('cache=none', 'cache=unsafe')},size=40G` },
    ],
    ['device 0', 'pending', 'gpu', { hostpci0: 'mapping=gpu' }],
  ])('%s is %s: it is %j', (attribute, driftClass, is, changed) => {
    expect(differing(changed)).toEqual(one(attribute, driftClass, is))
  })

  test('a disk or a NIC that is gone, or that somebody added, differs in all it has', () => {
    const gone = differing({ scsi1: undefined }, rich)
    expect(new Set(gone.map(({ attribute }) => attribute.split(' ')[1]))).toEqual(new Set(['data']))
    expect(gone.every(({ is }) => is === undefined)).toBe(true)
    const added = differing({ net1: 'virtio=02:00:00:00:00:07,bridge=vmbr0' })
    expect(added.map(({ wanted: asked }) => asked)).toEqual(Array(added.length).fill(undefined))
    expect(added.length).toBeGreaterThan(0)
  })

  test('what is right but waits for a power cycle is told as waiting', () => {
    const rows = Object.entries(configOf(wanted())).map(([key, value]) => ({ key, value }))
    const pending = rows.map((row) => (row.key === 'memory' ? { ...row, value: '4096', pending: '8192' } : row))
    expect(differing({}, {}, pending)).toEqual([
      { attribute: 'memory-mib', driftClass: 'pending', wanted: '8192', is: '4096', waits: true },
    ])
    expect(differing({}, {}, rows)).toEqual([])
  })

  test('every attribute that is wanted is one that is read', () => {
    const asked = wantedAttributes(wanted(rich))
    expect(Object.keys(attributesOf(configOf(wanted(rich)), asked)).sort()).toEqual(Object.keys(asked).sort())
  })
})
