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
