import { describe, expect, test } from 'vitest'
import { creationParams } from '#agent/providers/proxmox/creation.ts'
import { aCreation } from '#test/support/proxmox-site.ts'
import { readVector } from '#test/support/vectors.ts'

const machine = { ...aCreation(), image: 'local:import/talos.qcow2' }
const params = (version: readonly number[], changed = {}) =>
  creationParams({ ...machine, ...changed }, 'lanline', version)

interface Declared {
  readonly path: string
  readonly info?: {
    readonly POST?: { readonly parameters: { readonly properties: Readonly<Record<string, unknown>> } }
  }
  readonly children?: readonly Declared[]
}

function find(tree: readonly Declared[], path: string): Declared | undefined {
  for (const node of tree) {
    const found = node.path === path ? node : find(node.children ?? [], path)
    if (found) return found
  }
  return undefined
}

describe('the parameters of a new machine', () => {
  test('carry its identity, its static address and a disk made of the image', () => {
    expect(params([9, 2, 11])).toMatchObject({
      vmid: 2001,
      pool: 'lanline',
      smbios1: `uuid=${machine.machineId}`,
      net0: 'virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0,host-tunnel=0',
      scsi0: 'local-zfs:0,import-from=local:import/talos.qcow2,discard=on,ssd=1,cache=none,serial=talos-system',
      efidisk0: 'local-zfs:1,efitype=4m,pre-enrolled-keys=0',
      ipconfig0: 'ip=192.168.1.51/24,gw=192.168.1.1',
      nameserver: '192.168.1.1',
      balloon: 0,
    })
  })

  test('never hold tags: with the rights of a pool the import would run and then fail on them', () => {
    expect(params([9, 2, 11])['tags']).toBeUndefined()
    expect(params([9, 2, 11])['startup']).toBeUndefined()
  })

  test('hold host-tunnel only where it is known; 8.4 refuses it', () => {
    expect(params([8, 4, 21])['net0']).toBe('virtio=02:54:41:00:00:01,bridge=vmbr0,firewall=0')
    expect(params([10, 0, 1])['net0']).toContain('host-tunnel=0')
  })

  test('promise a guest agent only when the image has one', () => {
    expect(params([9, 2, 11])['agent']).toBeUndefined()
    expect(params([9, 2, 11], { guestAgent: true })['agent']).toBe('enabled=1')
  })

  test.for(['pve-api-schema.json', 'pve-api-schema-8.4.json'])('are all declared in %s', (file, context) => {
    const { tree } = JSON.parse(readVector(`proxmox/${file}`, context)) as { tree: readonly Declared[] }
    const declared = Object.keys(find(tree, '/nodes/{node}/qemu')?.info?.POST?.parameters.properties ?? {})
    const sent = Object.entries(params([9, 2, 11], { guestAgent: true })).flatMap(([key, value]) =>
      value === undefined ? [] : key,
    )
    const known = new Set(declared.map((key) => key.replace('[n]', '')))
    expect(sent.filter((key) => !known.has(key) && !known.has(key.replace(/\d+$/, '')))).toEqual([])
  })
})
