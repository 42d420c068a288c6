import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CREATE_MS } from '#lab/proxmox/durations.ts'
import { aGuest, aHost, AT, IMAGE, uuidFor, type LabHost } from './a-host.ts'

let lab: LabHost
beforeEach(async () => {
  lab = await aHost()
})
afterEach(() => lab.close())

const configOf = async (vmid: number): Promise<Record<string, unknown>> =>
  (await lab.agent.call('GET', `${AT}/qemu/${vmid}/config`)).body?.data as Record<string, unknown>

describe('making a guest', () => {
  test('fills in what was left out and names the disks', async () => {
    await lab.fetchImage()
    expect(await lab.create(20001)).toBe('OK')
    expect(await configOf(20001)).toMatchObject({
      scsi0: 'local-zfs:vm-20001-disk-0,cache=none,discard=on,size=1G,ssd=1',
      ide2: 'local-zfs:vm-20001-cloudinit,media=cdrom',
      memory: '8192',
      cores: 4,
      balloon: 0,
      meta: expect.stringMatching(/^creation-qemu=/),
      vmgenid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      digest: expect.stringMatching(/^[0-9a-f]{40}$/),
    })
    const bare = await lab.root.run('POST', `${AT}/qemu`, { params: { vmid: 300, net0: 'virtio,bridge=vmbr0' } })
    expect(bare).toBe('OK')
    expect(await configOf(300)).toMatchObject({
      boot: 'order=net0',
      net0: expect.stringMatching(/^virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vmbr0$/),
      smbios1: expect.stringMatching(/^uuid=/),
    })
  })

  test('takes the id at once and shows only a lock until the end, when the pool gives its rights', async () => {
    await lab.fetchImage()
    lab.time.hold(CREATE_MS)
    const upid = (await lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })).body?.data as string
    expect(await configOf(20001)).toEqual({ lock: 'create', digest: expect.any(String) })
    expect((await lab.agent.call('GET', '/cluster/nextid', { params: { vmid: 20001 } })).status).toBe(400)
    expect((await lab.agent.call('POST', `${AT}/qemu/20001/status/start`)).reason).toBe(
      'Permission check failed (/vms/20001, VM.PowerMgmt)',
    )
    expect((await lab.root.call('PUT', `${AT}/qemu/20001/config`, { params: { tags: 'x' } })).reason).toBe(
      'VM is locked (create)',
    )
    lab.time.release()
    expect(await lab.agent.exitOf(upid)).toBe('OK')
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)).toBe('OK')
  })

  test('gives an id to one of two who ask at once', async () => {
    await lab.fetchImage()
    const answers = await Promise.all([1, 2].map(() => lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 500]))
    const loser = answers.find(({ status }) => status === 500)
    expect(loser?.reason).toMatch(/^unable to create VM 20001 - (VM 20001 already exists on node|can't lock file)/)
  })

  test('refuses the id of a foreign guest, whatever kind it is', async () => {
    lab.host.addForeignGuest({ vmid: 20002, name: 'ct', kind: 'lxc', cores: 1, memoryMiB: 512, running: false })
    const reason = async (vmid: number): Promise<string> =>
      (await lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(vmid) })).reason
    expect(await reason(100)).toBe("unable to create VM 100 - VM 100 already exists on node 'prod-srv-01'")
    expect(await reason(20002)).toBe("unable to create VM 20002 - CT 20002 already exists on node 'prod-srv-01'")
  })

  test('with tags and rights by the pool only fails at the end of the import and leaves nothing', async () => {
    await lab.fetchImage()
    expect(await lab.create(20001, { tags: 'talos' })).toBe(
      'unable to create VM 20001 - 403 Permission check failed (/vms/20001, VM.Config.Options)',
    )
    expect(lab.host.guests().map(({ vmid }) => vmid)).toEqual([100])
    expect(lab.host.volumes().filter(({ vmid }) => vmid === 20001)).toEqual([])
    expect(await lab.create(20001)).toBe('OK')
  })

  test('from an image that is not there fails in the task', async () => {
    expect(await lab.create(20001)).toBe("unable to create VM 20001 - failed to stat '/var/lib/vz/import/talos.qcow2'")
  })

  test('can be aborted, and leaves nothing', async () => {
    await lab.fetchImage()
    lab.time.hold(CREATE_MS)
    const upid = (await lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })).body?.data as string
    expect((await lab.agent.call('DELETE', `${AT}/tasks/${encodeURIComponent(upid)}`)).status).toBe(200)
    expect(await lab.agent.exitOf(upid)).toMatch(/^unable to create VM 20001 - .*received interrupt$/)
    expect(lab.host.guests().map(({ vmid }) => vmid)).toEqual([100])
    expect((await lab.agent.call('GET', '/cluster/nextid', { params: { vmid: 20001 } })).status).toBe(200)
  })
})

describe('the life of a guest', () => {
  test('runs with the hardware and the addresses that it was given, and its disks are erased with it', async () => {
    await lab.fetchImage()
    await lab.create(20001)
    const resize = { params: { disk: 'scsi0', size: '40G' } }
    expect(await lab.agent.run('PUT', `${AT}/qemu/20001/resize`, resize)).toBe('OK')
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)).toBe('OK')
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)).toBe('VM 20001 already running')
    const [hardware] = lab.guests.on
    expect(hardware).toEqual({
      vmid: 20001,
      uuid: uuidFor(20001),
      name: 'cp-20001',
      cores: 4,
      memoryMiB: 8192,
      nics: [{ mac: '02:54:41:00:00:01', bridge: 'vmbr0', vlan: undefined }],
      disk: { id: expect.any(String), sizeGiB: 40, image: IMAGE },
      cloudInit: {
        hostname: 'cp-20001',
        nics: [{ mac: '02:54:41:00:00:01', address: '192.168.1.51/24', gateway: '192.168.1.1' }],
        nameservers: ['192.168.1.1'],
      },
    })
    const refused = await lab.agent.call('DELETE', `${AT}/qemu/20001`)
    expect([refused.status, refused.reason]).toEqual([500, 'VM 20001 is running - destroy failed'])
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/stop`)).toBe('OK')
    expect(lab.guests.on).toEqual([])
    const gone = { params: { purge: 1, 'destroy-unreferenced-disks': 1 } }
    expect(await lab.agent.run('DELETE', `${AT}/qemu/20001`, gone)).toBe('OK')
    expect(lab.guests.erased).toContain(hardware?.disk?.id)
    expect(lab.host.volumes().map(({ volid }) => volid)).toEqual(['local:import/talos.qcow2'])
    expect(lab.trace.intervals().map(({ kind }) => kind)).toEqual(
      'image.download vm.create vm.resize vm.start vm.start vm.stop vm.delete'.split(' '),
    )
  })

  test('gives its CD out while it runs, and keeps the drive until it is off', async () => {
    const root = lab.root
    await lab.fetchImage()
    await lab.create(20001, { ide0: 'none,media=cdrom' })
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    const config = `${AT}/qemu/20001/config`
    const taken = async () => (await root.call('GET', `${config}?current=1`)).body?.data
    expect((await root.call('PUT', config, { params: { ide2: 'none,media=cdrom' } })).status).toBe(200)
    expect(await taken()).toMatchObject({ ide2: 'none,media=cdrom' })
    expect((await root.call('PUT', config, { params: { delete: 'ide0' } })).status).toBe(200)
    expect(await taken()).toMatchObject({ ide0: 'none,media=cdrom' })
  })

  test('needs memory that is there', async () => {
    await lab.fetchImage()
    await lab.create(20001, { memory: 60 * 1024 })
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)).toBe('start failed: QEMU exited with code 1')
    expect(lab.guests.on).toEqual([])
  })

  test('a resize refuses in its task, and the same size again is fine', async () => {
    await lab.fetchImage()
    await lab.create(20001)
    const resize = (disk: string, size: string, more = {}): Promise<string> =>
      lab.agent.run('PUT', `${AT}/qemu/20001/resize`, { params: { disk, size, ...more } })
    expect(await resize('scsi0', '2G')).toBe('OK')
    expect(await resize('scsi0', '2G')).toBe('OK')
    expect(await resize('scsi0', '+1G')).toBe('OK')
    expect((await configOf(20001))['scsi0']).toContain('size=3G')
    expect(await resize('scsi0', '1G')).toBe('shrinking disks is not supported')
    expect(await resize('scsi7', '1G')).toBe("disk 'scsi7' does not exist")
    expect(await resize('ide2', '1G')).toBe("you can't resize a cdrom")
    expect(await resize('scsi0', '9G', { digest: '0'.repeat(40) })).toBe(
      'checksum mismatch (file change by other user?)',
    )
  })

  test('changes of a running guest wait until it is off', async () => {
    await lab.fetchImage()
    await lab.create(20001)
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    await lab.agent.call('PUT', `${AT}/qemu/20001/config`, { params: { memory: 4096, description: 'now' } })
    const pending = (await lab.agent.call('GET', `${AT}/qemu/20001/pending`)).body?.data
    expect(pending).toContainEqual({ key: 'memory', value: '8192', pending: '4096' })
    expect(pending).toContainEqual({ key: 'description', value: 'now' })
    await lab.agent.run('POST', `${AT}/qemu/20001/status/stop`)
    const after = (await lab.agent.call('GET', `${AT}/qemu/20001/pending`)).body?.data
    expect(after).toContainEqual({ key: 'memory', value: '4096' })
  })

  test('a stale digest changes nothing', async () => {
    await lab.fetchImage()
    await lab.create(20001)
    const { digest } = await configOf(20001)
    const put = (params: Record<string, string>) => lab.agent.call('PUT', `${AT}/qemu/20001/config`, { params })
    expect((await put({ tags: 'b;A a', digest: String(digest) })).status).toBe(200)
    const stale = await put({ tags: 'z', digest: String(digest) })
    expect([stale.status, stale.reason]).toEqual([500, 'checksum mismatch (file change by other user?)'])
    expect((await configOf(20001))['tags']).toBe('a;b')
    expect((await put({})).reason).toBe('no options specified')
    expect((await put({ delete: 'nonsense' })).body?.errors).toEqual({ delete: "unknown option 'nonsense'" })
  })

  test('a shutdown holds the lock; others wait ten seconds and give up', async () => {
    lab.guests.stubborn = true
    await lab.fetchImage()
    await lab.create(20001)
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    const shutdown = await lab.agent.call('POST', `${AT}/qemu/20001/status/shutdown`, { params: { timeout: 60 } })
    const put = await lab.agent.call('PUT', `${AT}/qemu/20001/config`, { params: { description: 'x' } })
    const locked = "can't lock file '/var/lock/qemu-server/lock-20001.conf' - got timeout"
    expect([put.status, put.reason]).toEqual([500, locked])
    const stop = { params: { 'overrule-shutdown': 1 } }
    expect(await lab.agent.run('POST', `${AT}/qemu/20001/status/stop`, stop)).toBe('OK')
    expect(await lab.agent.exitOf(String(shutdown.body?.data))).toBe('unexpected status')
  })

  test('a guest that turns itself off is off', async () => {
    await lab.fetchImage()
    await lab.create(20001)
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    lab.host.guestWentOff(uuidFor(20001))
    const status = (await lab.agent.call('GET', `${AT}/qemu/20001/status/current`)).body?.data
    expect(status).toMatchObject({ status: 'stopped', qmpstatus: 'stopped' })
  })

  test('what is asked of a guest that is not there is found out in the task', async () => {
    expect(await lab.root.run('POST', `${AT}/qemu/29999/status/stop`)).toBe(
      "unable to find configuration file for VM 29999 on node 'prod-srv-01'",
    )
    expect(await lab.root.run('POST', `${AT}/qemu/29999/status/start`)).toBe(
      "Configuration file 'nodes/prod-srv-01/qemu-server/29999.conf' does not exist",
    )
  })
})

describe('the cluster’s figures', () => {
  test('are up to a round old', async () => {
    await lab.close()
    lab = await aHost({ statistics: 'by-hand' })
    lab.host.refreshStatistics()
    await lab.fetchImage()
    await lab.create(20001)
    const row = async (): Promise<unknown> => {
      const rows = (await lab.agent.call('GET', '/cluster/resources', { params: { type: 'vm' } })).body?.data as {
        vmid: number
      }[]
      return rows.find(({ vmid }) => vmid === 20001)
    }
    expect(await row()).toEqual({ id: 'qemu/20001', type: 'qemu', node: 'prod-srv-01', vmid: 20001, status: 'unknown' })
    lab.host.refreshStatistics()
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    expect(await row()).toMatchObject({ status: 'stopped', name: 'cp-20001', maxcpu: 4, maxmem: 8192 * 1024 ** 2 })
    lab.host.refreshStatistics()
    expect(await row()).toMatchObject({ status: 'running' })
  })

  test('foreign guests and the host are there with their sizes', async () => {
    const rows = (await lab.agent.call('GET', '/cluster/resources')).body?.data
    expect(rows).toContainEqual(
      expect.objectContaining({
        id: 'qemu/100',
        name: 'truenas',
        maxcpu: 6,
        maxmem: 32 * 1024 ** 3,
        status: 'running',
      }),
    )
    expect(rows).toContainEqual(
      expect.objectContaining({ id: 'node/prod-srv-01', maxcpu: 36, maxmem: 88 * 1024 ** 3, status: 'online' }),
    )
  })
})
