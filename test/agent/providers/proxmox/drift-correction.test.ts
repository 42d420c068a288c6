import { expect, test } from 'vitest'
import { correctionOf, isMendable } from '#agent/providers/proxmox/drift-correction.ts'
import { driftOf } from '#agent/providers/proxmox/drift.ts'
import type { Row } from '#agent/providers/proxmox/parse.ts'
import { aDiskShape, aNicShape } from '#test/support/hardware.ts'
import { aResize } from '#test/support/resizing.ts'

/** What a change of the configuration mends, attribute by attribute, and what it leaves to a person. */
const machine = aResize({
  disks: [aDiskShape(), aDiskShape({ name: 'data', storage: 'tank', sizeGiB: 100 })],
  nics: [aNicShape({ vlan: 20 })],
  devices: [{ mapping: 'hba', pcie: true }],
})
const asMade: Row = {
  smbios1: `uuid=${machine.machineId}`,
  name: machine.name,
  description: `x\nmachine: ${machine.machineId}`,
  tags: 'lanline;lanline-home',
  onboot: 1,
  boot: 'order=scsi0;ide2',
  cores: 4,
  cpu: 'x86-64-v2-AES',
  memory: '8192',
  balloon: 0,
  bios: 'ovmf',
  machine: 'q35',
  scsihw: 'virtio-scsi-pci',
  efidisk0: 'local-zfs:vm-2001-disk-9',
  scsi0: 'local-zfs:vm-2001-disk-0,cache=none,discard=on,serial=talos-system,size=40G,ssd=1',
  scsi1: 'tank:vm-2001-disk-1,cache=none,discard=on,serial=data,size=100G,ssd=1',
  net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0,tag=20,host-tunnel=0',
  hostpci0: 'mapping=hba,pcie=1',
  digest: 'd',
}
const differing = (changed: Record<string, unknown>) => {
  const config = Object.fromEntries(
    Object.entries({ ...asMade, ...changed }).filter(([, value]) => value !== undefined),
  )
  const drift = driftOf(machine, config, [])
  return { params: correctionOf(machine, config, drift), left: drift.filter((one) => !isMendable(one)) }
}

test('nothing is sent for a machine that is as it was made', () => {
  expect(differing({})).toEqual({ params: {}, left: [] })
})

test.each([
  ['name', { name: 'x' }, { name: machine.name }],
  ['onboot', { onboot: 0 }, { onboot: 1 }],
  ['protection', { protection: 1 }, { protection: 0 }],
  ['boot order, with what others put behind it', { boot: 'order=ide2;scsi0;net0' }, { boot: 'order=scsi0;ide2;net0' }],
  ['NUMA, while sockets times cores is the CPU count', { cores: 2, sockets: 2, numa: 1 }, { numa: 0 }],
  ['CPU count', { cores: 2 }, { cores: 4, sockets: 1 }],
  ['CPU type', { cpu: 'host' }, { cpu: 'x86-64-v2-AES' }],
  ['memory', { memory: '4096' }, { memory: 8192 }],
  ['balloon', { balloon: undefined }, { balloon: 0 }],
  ['firmware', { bios: 'seabios' }, { bios: 'ovmf' }],
  ['machine type', { machine: 'pc' }, { machine: 'q35' }],
  ['controller', { scsihw: 'lsi' }, { scsihw: 'virtio-scsi-pci' }],
  ['guest agent', { agent: '1' }, { agent: 'enabled=0' }],
  [
    '[pitfall 32] a card, with its MAC and what others set on it',
    { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr9,firewall=1,rate=10,link_down=1' },
    { net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0,rate=10,tag=20' },
  ],
  [
    'how a disk is attached, and not which volume it is',
    { scsi1: 'tank:vm-2001-disk-1,cache=writeback,serial=data,size=100G,iops=500' },
    { scsi1: 'tank:vm-2001-disk-1,cache=none,serial=data,size=100G,iops=500,ssd=1,discard=on' },
  ],
])('mends %s', (_, changed, params) => {
  expect(differing(changed)).toEqual({ params, left: [] })
})

test('the marker comes back before what somebody wrote in its place', () => {
  const { params } = differing({ description: 'ours now' })
  expect(params['description']).toMatch(new RegExp(`machine: ${machine.machineId}\n\nours now$`))
})

test.each([
  ['a disk that was moved', { scsi1: 'nfs:2001/vm-2001-disk-1.raw,cache=none,discard=on,serial=data,size=100G,ssd=1' }],
  ['a disk that was taken out', { scsi1: undefined }],
  ['a disk that was put in', { scsi2: 'tank:vm-2001-disk-5,size=1G' }],
  ['a larger disk', { scsi1: 'tank:vm-2001-disk-1,cache=none,discard=on,serial=data,size=200G,ssd=1' }],
  ['a card with another MAC', { net0: 'virtio=02:54:41:00:00:99,bridge=vmbr0,firewall=0,tag=20,host-tunnel=0' }],
  ['a card that was put in', { net1: 'virtio=02:00:00:00:00:07,bridge=vmbr0' }],
  ['another device', { hostpci0: 'mapping=gpu,pcie=1' }],
  ['lost variables of the firmware', { efidisk0: undefined }],
])('leaves %s to a person', (_, changed) => {
  const { params, left } = differing(changed)
  expect(params).toEqual({})
  expect(left.length).toBeGreaterThan(0)
})

test('what waits for a power cycle is not sent again', () => {
  const rows = Object.entries(asMade).map(([key, value]) => ({ key, value: key === 'memory' ? '4096' : value }))
  const drift = driftOf(machine, asMade, rows)
  expect(drift).toMatchObject([{ attribute: 'memory-mib', waits: true }])
  expect(correctionOf(machine, asMade, drift)).toEqual({})
})
