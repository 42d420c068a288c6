import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startLab, type Lab } from '#lab/lab.ts'
import type { FaultRequest } from '#lab/faults.ts'
import { Client, tokenHeader } from '#test/lab/proxmox/client.ts'

/** Trouble by name, seen through the API of a cluster of two and a host beside it. */
const GIB = 1024 ** 3
const host = (hostName: string, last: number) => ({
  hostName,
  lanAddress: `192.168.1.${last}`,
  threads: 8,
  memoryMiB: 32 * 1024,
  bridges: [{ name: 'vmbr0', port: 'eno1' }],
  storages: [
    { name: 'local', type: 'dir' as const, content: ['iso', 'import'], totalBytes: 50 * GIB },
    { name: 'local-zfs', type: 'zfspool' as const, content: ['images'], totalBytes: 200 * GIB },
  ],
})

let lab: Lab
let agent: Client
beforeEach(async () => {
  lab = await startLab({
    rate: 500,
    networks: [
      {
        bridge: 'vmbr0',
        dhcp: { first: '192.168.1.100', last: '192.168.1.120', prefix: 24, gateway: '192.168.1.1' },
      },
    ],
    sites: [{ cluster: 'home', hosts: [host('pve-1', 11), host('pve-2', 12)] }, { hosts: [host('attic', 31)] }],
  })
  const [site] = lab.sites
  agent = new Client(lab.hypervisor, tokenHeader(site?.tokenId ?? '', site?.tokenSecret ?? ''))
  await create(20001)
})
afterEach(async () => {
  agent.close()
  await lab.close()
})

const create = (vmid: number, more: Record<string, string | number> = {}): Promise<string> =>
  agent.run('POST', '/nodes/pve-1/qemu', {
    params: {
      vmid,
      name: `vm-${vmid}`,
      pool: 'lanline',
      memory: 2048,
      scsi0: 'local-zfs:8',
      net0: `virtio=02:54:41:00:00:${String(vmid % 100).padStart(2, '0')},bridge=vmbr0`,
      smbios1: `uuid=6f3b0c1e-1a52-4d0f-9a63-${String(vmid).padStart(12, '0')}`,
      ...more,
    },
  })
async function trouble(request: FaultRequest): Promise<void> {
  const made = await lab.faults.make(request)
  if (!made.ok) throw new Error(made.error)
}
const reasonOf = async (method: string, path: string, params = {}): Promise<string> =>
  (await agent.call(method, path, { params })).reason

describe('a site of several hypervisors', () => {
  test('has one way in for each of them, with rights of its own', () => {
    expect(lab.sites.map(({ name, urls }) => [name, urls])).toEqual([
      ['home', ['https://192.168.1.11:8006', 'https://192.168.1.12:8006']],
      ['attic', ['https://192.168.1.31:8006']],
    ])
    expect(new Set(lab.sites.map(({ caPem }) => caPem)).size).toBe(2)
  })
})

describe('guests behind one’s back', () => {
  test('one that was migrated is not where it was', async () => {
    await trouble({ kind: 'guest.move', guest: 'vm-20001', host: 'pve-2' })
    expect(await reasonOf('GET', '/nodes/pve-1/qemu/20001/config')).toMatch(/does not exist$/)
    expect(await reasonOf('GET', '/nodes/pve-2/qemu/20001/config')).toBe('OK')
  })

  test('one that was deleted can have left its id to another', async () => {
    await trouble({ kind: 'guest.recycle', guest: '20001' })
    const row = lab.hypervisor.guests().find(({ vmid }) => vmid === 20001)
    expect([row?.config.get('name'), row?.config.get('smbios1')?.includes('6f3b0c1e')]).toEqual(['foreign', false])
    expect(await reasonOf('DELETE', '/nodes/pve-1/qemu/20001')).toMatch(/^Permission check failed/)
  })

  test('one that was restored beside itself has its SMBIOS UUID twice', async () => {
    await trouble({ kind: 'guest.restore-beside', guest: '20001', vmid: 900 })
    const uuids = lab.hypervisor.guests().map(({ config }) => config.get('smbios1'))
    expect(uuids).toHaveLength(2)
    expect(new Set(uuids).size).toBe(1)
  })

  test('a change by hand makes a digest stale, and a lock that was left behind refuses changes', async () => {
    const config = (await agent.call('GET', '/nodes/pve-1/qemu/20001/config')).body?.data as { digest: string }
    await trouble({ kind: 'guest.edit', guest: '20001', set: { cores: '3', description: null } })
    const stale = { digest: config.digest, description: 'mine' }
    expect(await reasonOf('PUT', '/nodes/pve-1/qemu/20001/config', stale)).toMatch(/^checksum mismatch/)
    await trouble({ kind: 'guest.lock', guest: '20001', lock: 'backup' })
    expect(await reasonOf('PUT', '/nodes/pve-1/qemu/20001/config', { description: 'x' })).toBe('VM is locked (backup)')
  })
})

describe('stores', () => {
  test('one whose allocation lock is held makes a creation fail after ten seconds', async () => {
    await trouble({ kind: 'storage.lock', storage: 'local-zfs', ms: 60_000 })
    expect(await create(20002)).toBe(
      "unable to create VM 20002 - can't lock file '/var/lock/pve-manager/pve-storage-local-zfs' - got timeout",
    )
  })

  test('one that is full says so, and one that is offline is not active', async () => {
    await trouble({ kind: 'storage.fill', host: 'pve-1', storage: 'local-zfs', freeMiB: 10 })
    const status = (await agent.call('GET', '/nodes/pve-1/storage/local-zfs/status')).body?.data
    expect(status).toMatchObject({ avail: 10 * 1024 ** 2 })
    await trouble({ kind: 'storage.offline', storage: 'local-zfs', offline: true })
    const list = (await agent.call('GET', '/nodes/pve-1/storage', { params: { storage: 'local-zfs' } })).body?.data
    expect(list).toMatchObject([{ active: 0 }])
    expect(await create(20002)).toBe("unable to create VM 20002 - storage 'local-zfs' is not online")
  })
})

describe('hosts', () => {
  test('a token can be expired and good again', async () => {
    const token = lab.site.tokenId
    await trouble({ kind: 'token.expire', token, expired: true })
    expect(await reasonOf('GET', '/version')).toBe('Authentication failed!')
    await trouble({ kind: 'token.expire', token, expired: false })
    expect(await reasonOf('GET', '/version')).toBe('OK')
  })

  test('a new certificate has another fingerprint and the same authority', async () => {
    const before = lab.hypervisor.world.certificates.fingerprint
    await trouble({ kind: 'hypervisor.certificate', host: 'pve-1' })
    agent.close()
    agent = new Client(lab.hypervisor, tokenHeader(lab.site.tokenId, lab.site.tokenSecret))
    expect(await reasonOf('GET', '/version')).toBe('OK')
    expect(lab.hypervisor.world.certificates.fingerprint).not.toBe(before)
  })

  test('weather by a seed is the same each time', async () => {
    const seen = async (): Promise<string[]> => {
      await trouble({ kind: 'hypervisor.weather', seed: 7, oneIn: 3 })
      const reasons: string[] = []
      for (let call = 0; call < 20; call += 1)
        reasons.push(await reasonOf('GET', '/nodes').catch(() => 'connection lost'))
      return reasons
    }
    const first = await seen()
    expect(new Set(first).size).toBeGreaterThan(1)
    expect(await seen()).toEqual(first)
  })

  test('what makes no sense is refused with a sentence', async () => {
    expect(await lab.faults.make({ kind: 'guest.vanish', guest: 'nobody' })).toEqual({
      ok: false,
      error: 'no guest is called nobody',
    })
    expect(await lab.faults.make({ kind: 'hypervisor.online', host: 'nope', online: false })).toMatchObject({
      ok: false,
    })
    expect(await lab.faults.make({ kind: 'storage.slow', storage: 'nope', ms: 1 })).toMatchObject({ ok: false })
  })
})

describe('guests that start from a CD', () => {
  test('Talos comes up from an ISO on an empty disk, leases an address, and its agent tells it', async () => {
    const posted = await fetch(`http://127.0.0.1:${lab.factoryPort}/schematics`, {
      method: 'POST',
      body: 'customization:\n  systemExtensions:\n    officialExtensions:\n      - siderolabs/qemu-guest-agent\n',
    })
    const { id } = (await posted.json()) as { id: string }
    const url = `${lab.factoryUrl}/image/${id}/v1.14.0/metal-amd64.iso`
    const download = { params: { content: 'iso', filename: 'talos.iso', url } }
    expect(await agent.run('POST', '/nodes/pve-1/storage/local/download-url', download)).toBe('OK')
    const more = { ide2: 'local:iso/talos.iso,media=cdrom', boot: 'order=scsi0;ide2', agent: 'enabled=1' }
    expect(await create(20003, more)).toBe('OK')
    expect(await agent.run('POST', '/nodes/pve-1/qemu/20003/status/start')).toBe('OK')
    const node = await maintained()
    expect(node?.links.map(({ addresses }) => addresses)).toEqual([['192.168.1.100/24']])
    const { access } = lab.hypervisor.cluster
    access.roles.get('LanlineVM')?.add('VM.GuestAgent.Audit')
    const told = (await agent.call('GET', '/nodes/pve-1/qemu/20003/agent/network-get-interfaces')).body?.data as {
      result: { 'hardware-address': string; 'ip-addresses': { 'ip-address': string }[] }[]
    }
    expect(told.result[1]).toMatchObject({
      'hardware-address': '02:54:41:00:00:03',
      'ip-addresses': [{ 'ip-address': '192.168.1.100', 'ip-address-type': 'ipv4', prefix: 24 }],
    })
  })
})

async function maintained() {
  for (let tries = 0; tries < 1000; tries += 1) {
    const node = lab.nodes().find(({ stage }) => stage === 'maintenance')
    if (node) return node
    await agent.call('GET', '/version')
  }
  return undefined
}
