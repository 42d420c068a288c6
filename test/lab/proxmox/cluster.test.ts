import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HA_ROUND_MS } from '#lab/proxmox/high-availability.ts'
import { RELAY_MS } from '#lab/proxmox/router.ts'
import { aCluster, type LabCluster } from './a-cluster.ts'
import { aGuest, IMAGE_URL, uuidFor } from './a-host.ts'
import type { Client } from './client.ts'

let lab: LabCluster
beforeEach(async () => {
  lab = await aCluster()
})
afterEach(() => lab.close())

const fetchImage = (client: Client, node: string): Promise<string> =>
  client.run('POST', `/nodes/${node}/storage/local/download-url`, {
    params: { content: 'import', filename: 'talos.qcow2', url: IMAGE_URL },
  })

/** A guest on `pve-1`, on the shared store unless said otherwise. */
async function make(vmid: number, store = 'nas'): Promise<void> {
  const one = lab.agent('pve-1')
  await fetchImage(one, 'pve-1')
  const params = {
    ...aGuest(vmid),
    scsi0: `${store}:0,import-from=local:import/talos.qcow2`,
    ide2: `${store}:cloudinit`,
  }
  expect(await one.run('POST', '/nodes/pve-1/qemu', { params })).toBe('OK')
}

const rowOf = async (client: Client, vmid: number): Promise<Record<string, unknown> | undefined> => {
  const rows = (await client.call('GET', '/cluster/resources', { params: { type: 'vm' } })).body?.data
  return (rows as Record<string, unknown>[]).find((row) => row['vmid'] === vmid)
}

const refresh = (): void => {
  for (const host of lab.cluster.hosts) host.refreshStatistics()
}

describe('several hosts as one cluster', () => {
  test('any host names all of them, the quorum and each other’s certificates', async () => {
    const two = lab.agent('pve-2')
    const rows = (await two.call('GET', '/cluster/status')).body?.data as Record<string, unknown>[]
    expect(rows[0]).toMatchObject({ type: 'cluster', name: 'home', nodes: 3, quorate: 1 })
    expect(rows.slice(1).map(({ name, local, ip }) => [name, local, ip])).toEqual([
      ['pve-1', 0, '192.168.1.11'],
      ['pve-2', 1, '192.168.1.12'],
      ['pve-3', 0, '192.168.1.13'],
    ])
    const join = (await two.call('GET', '/cluster/config/join')).body?.data as { nodelist: { pve_fp: string }[] }
    expect(join.nodelist.map(({ pve_fp }) => pve_fp)).toEqual(
      lab.cluster.hosts.map(({ world }) => world.certificates.fingerprint),
    )
  })

  test('a call for another host is relayed to it', async () => {
    const two = lab.agent('pve-2')
    expect(await fetchImage(two, 'pve-1')).toBe('OK')
    expect(lab.cluster.host('pve-1').volumes()).toHaveLength(1)
    expect(lab.cluster.host('pve-2').volumes()).toHaveLength(0)
  })

  test('an id is taken in the whole cluster', async () => {
    await make(20001)
    const two = lab.agent('pve-2')
    expect((await two.call('GET', '/cluster/nextid', { params: { vmid: 20001 } })).status).toBe(400)
    const refused = await two.call('POST', '/nodes/pve-2/qemu', { params: aGuest(20001) })
    expect(refused.reason).toBe("unable to create VM 20001 - VM 20001 already exists on node 'pve-1'")
  })

  test('a host that is offline is 595 through the others, and its guests are unknown', async () => {
    await make(20001)
    refresh()
    lab.cluster.host('pve-1').setOnline(false)
    const two = lab.agent('pve-2')
    const answer = await two.call('GET', '/nodes/pve-1/qemu')
    expect([answer.status, answer.reason]).toEqual([595, 'No route to host'])
    expect(await rowOf(two, 20001)).toMatchObject({ node: 'pve-1', status: 'unknown' })
    const nodes = (await two.call('GET', '/nodes')).body?.data as { node: string; status: string }[]
    expect(nodes.find(({ node }) => node === 'pve-1')?.status).toBe('offline')
  })

  test('without quorum everything can be read and nothing written', async () => {
    await make(20001)
    for (const name of ['pve-1', 'pve-3']) lab.cluster.host(name).setOnline(false)
    const two = lab.agent('pve-2')
    expect((await two.call('GET', '/cluster/status')).body?.data).toContainEqual(
      expect.objectContaining({ type: 'cluster', quorate: 0 }),
    )
    const write = await two.call('POST', '/nodes/pve-2/qemu', { params: aGuest(20002) })
    expect([write.status, write.reason]).toEqual([500, 'cluster not ready - no quorum?'])
  })

  test('the relay gives up after thirty seconds, and the work goes on', async () => {
    await make(20001)
    const storage = lab.cluster.host('pve-1').world.storages.find('nas')
    if (storage) storage.slowMs = 2 * RELAY_MS
    const slow = await lab.agent('pve-2').call('GET', '/nodes/pve-1/storage/nas/content')
    expect([slow.status, slow.reason]).toEqual([596, 'Connection timed out'])
  })
})

describe('guests that move', () => {
  test('a migration takes a guest and its local disks to another host, and it keeps what it was', async () => {
    await make(20001, 'local-zfs')
    await lab.agent('pve-1').run('POST', '/nodes/pve-1/qemu/20001/status/start')
    const root = lab.root('pve-1')
    const refused = await root.run('POST', '/nodes/pve-1/qemu/20001/migrate', {
      params: { target: 'pve-2', online: 1 },
    })
    expect(refused).toMatch(/with-local-disks/)
    const done = await root.run('POST', '/nodes/pve-1/qemu/20001/migrate', {
      params: { target: 'pve-2', online: 1, 'with-local-disks': 1 },
    })
    expect(done).toBe('OK')
    const gone = await root.call('GET', '/nodes/pve-1/qemu/20001/config')
    expect(gone.reason).toBe("Configuration file 'nodes/pve-1/qemu-server/20001.conf' does not exist")
    const config = (await lab.agent('pve-2').call('GET', '/nodes/pve-2/qemu/20001/config')).body?.data
    expect(config).toMatchObject({ smbios1: `uuid=${uuidFor(20001)}`, scsi0: expect.stringContaining('local-zfs:') })
    expect(
      lab.cluster
        .host('pve-2')
        .volumes()
        .some(({ vmid }) => vmid === 20001),
    ).toBe(true)
    expect(lab.guests.on).toHaveLength(1)
  })

  test('a CD on a local store keeps a guest where it is', async () => {
    await make(20001)
    const root = lab.root('pve-1')
    const iso = { params: { content: 'iso', filename: 'cidata.iso', url: IMAGE_URL } }
    await root.run('POST', '/nodes/pve-1/storage/local/download-url', iso)
    await root.call('PUT', '/nodes/pve-1/qemu/20001/config', { params: { ide3: 'local:iso/cidata.iso,media=cdrom' } })
    expect(await root.run('POST', '/nodes/pve-1/qemu/20001/migrate', { params: { target: 'pve-2' } })).toBe(
      "migration aborted: can't migrate local cdrom drive 'local:iso/cidata.iso' (ide3)",
    )
  })

  test('high availability queues wishes, and starts the guests of a dead host elsewhere', async () => {
    await make(20001)
    const root = lab.root('pve-2')
    const managed = await root.call('POST', '/cluster/ha/resources', { params: { sid: 'vm:20001', state: 'stopped' } })
    expect(managed.status).toBe(200)
    expect(await lab.agent('pve-1').run('POST', '/nodes/pve-1/qemu/20001/status/start')).toBe('OK')
    const { ha } = lab.cluster.cluster
    await ha.round()
    await until(() => lab.guests.on.length === 1)
    await lab.cluster.host('pve-1').crash()
    expect(lab.guests.on).toHaveLength(0)
    for (let round = 0; round < 13; round += 1) await ha.round()
    await until(() => lab.guests.on.length === 1)
    expect(lab.cluster.host('pve-1').guests()).toEqual([])
    expect(HA_ROUND_MS).toBeGreaterThan(0)
  })
})

/** Waits for what the lab does by itself. */
async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries += 1) await lab.time.pass(1000)
  expect(condition()).toBe(true)
}
