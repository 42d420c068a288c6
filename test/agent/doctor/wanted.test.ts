import { expect, test } from 'vitest'
import { readWanted } from '#agent/doctor/wanted.ts'
import { readText } from '#test/support/repository.ts'

const HOMELAB = { name: 'homelab.yaml', text: readText('examples/homelab.yaml') }

test('the example says which host, storages, bridge, range and version to look for', () => {
  expect(readWanted([HOMELAB])).toEqual({
    ok: true,
    value: {
      hosts: [{ name: 'prod-srv-01', storage: 'local-zfs', imageStorage: 'local' }],
      bridges: [{ name: 'vmbr0', vlan: undefined }],
      mappings: [],
      vmids: { first: 5000, last: 5999 },
      talosVersions: ['v1.13.9'],
    },
  })
})

test('devices and bridges of every class and network are wanted; a storage that an expression chooses has no name to look for', () => {
  const text = readText('examples/dual-network.yaml')
  expect(text).toContain('storage: storage.type == "lvmthin"')
  expect(readWanted([{ name: 'dual-network.yaml', text }])).toEqual({
    ok: true,
    value: {
      hosts: [
        { name: 'pve-a', storage: 'nvme', imageStorage: 'local' },
        { name: 'pve-b', storage: 'nvme', imageStorage: 'local' },
      ],
      bridges: [
        { name: 'vmbr0', vlan: undefined },
        { name: 'vmbr1', vlan: 250 },
      ],
      mappings: ['rtx'],
      vmids: { first: 6000, last: 6999 },
      talosVersions: ['v1.13.9'],
    },
  })
})

test('patches are no matter of the doctor, however people write them', () => {
  const patched = HOMELAB.text.replace(
    /(\n *)controlPlane:\n/,
    "$1workers: {general: {class: cp-small, count: 1, patches: ['machine: {env: {A: b}}']}}$1machinePatches: {a: [{file: a.yaml}]}$1controlPlane:$1  patches: ['machine: {env: {A: b}}']\n",
  )
  expect(patched).toContain('machinePatches')
  expect(readWanted([{ name: 'patched.yaml', text: patched }])).toEqual(readWanted([HOMELAB]))
})

test.each([
  ['YAML that is none', 'a: [', 'bad.yaml'],
  ['another kind', 'kind: Sitee', 'kind must be one of Site'],
  ['a field that no schema has', HOMELAB.text.replace('vmids:', 'vmid:'), 'vmid'],
  ['no site at all', '', 'exactly one site'],
])('%s is refused with a sentence', (_, text, said) => {
  const read = readWanted([{ name: 'bad.yaml', text }])
  expect(read.ok ? '' : read.error).toContain(said)
})

test('two sites are refused: an agent has one', () => {
  const read = readWanted([HOMELAB, HOMELAB])
  expect(read.ok ? '' : read.error).toContain('exactly one site')
})
