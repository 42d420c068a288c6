import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CREATE_MS } from '#lab/proxmox/durations.ts'
import { RELAY_TIMEOUT } from '#lab/proxmox/faults.ts'
import { aGuest, aHost, AT, IMAGE_URL, type LabHost } from './a-host.ts'

let lab: LabHost
beforeEach(async () => {
  lab = await aHost()
  await lab.fetchImage()
})
afterEach(() => lab.close())

const CREATE = /\/qemu$/
const ended = async (type: string): Promise<string | undefined> => {
  const task = lab.host.tasks().find((each) => each.type === type)
  await task?.ended
  return task?.exit
}

describe('faults by name', () => {
  test('an error answer hits the call that it was meant for, once', async () => {
    lab.host.faults.add({
      method: 'POST',
      path: CREATE,
      effect: { kind: 'answer', status: 500, reason: 'got no worker upid' },
    })
    expect((await lab.agent.call('GET', `${AT}/qemu`)).status).toBe(200)
    const first = await lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })
    expect([first.status, first.reason]).toEqual([500, 'got no worker upid'])
    expect(lab.host.guests().map(({ vmid }) => vmid)).toEqual([100])
    expect(await lab.create(20001)).toBe('OK')
  })

  test('after a 596 the work may go on', async () => {
    const effect = { kind: 'answer', ...RELAY_TIMEOUT, workHappens: true } as const
    lab.host.faults.add({ method: 'POST', path: CREATE, effect })
    expect((await lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })).status).toBe(596)
    expect(await ended('qmcreate')).toBe('OK')
    const found = await lab.agent.call('GET', `${AT}/tasks`, {
      params: { vmid: 20001, source: 'all', typefilter: 'qmcreate' },
    })
    expect(found.body?.total).toBe(1)
  })

  test('an answer can be lost after the work was begun', async () => {
    lab.host.faults.add({ method: 'POST', path: CREATE, effect: { kind: 'connection-lost', workHappens: true } })
    await expect(lab.agent.call('POST', `${AT}/qemu`, { params: aGuest(20001) })).rejects.toThrow('socket hang up')
    expect(await ended('qmcreate')).toBe('OK')
  })

  test('a task that dies in the middle leaves what it had done', async () => {
    lab.time.hold(CREATE_MS)
    lab.host.faults.add({ method: 'POST', path: CREATE, effect: { kind: 'task-dies', afterMs: 50 } })
    expect(await lab.create(20001)).toBe('unexpected status')
    await ended('qmcreate')
    const config = (await lab.agent.call('GET', `${AT}/qemu/20001/config`)).body?.data
    expect(config).toEqual({ lock: 'create', digest: expect.any(String) })
  })

  test('a host that is offline refuses everybody, and its guests run on', async () => {
    await lab.create(20001)
    await lab.agent.run('POST', `${AT}/qemu/20001/status/start`)
    lab.host.setOnline(false)
    await expect(lab.agent.call('GET', '/version')).rejects.toThrow(/ECONNRESET|socket|disconnected/)
    lab.host.setOnline(true)
    expect((await lab.agent.call('GET', '/version')).status).toBe(200)
    expect(lab.guests.on).toHaveLength(1)
  })
})

describe('images', () => {
  const download = (params: Record<string, string>): Promise<string> =>
    lab.agent.run('POST', `${AT}/storage/local/download-url`, {
      params: { content: 'import', filename: 'new.qcow2', url: IMAGE_URL, ...params },
    })

  test('an existing file is not overwritten, unless it is the right one', async () => {
    const there = '/var/lib/vz/import/talos.qcow2'
    expect(await lab.fetchImage()).toBe(`refusing to override existing file '${there}'`)
    const sum = (checksum: string): Promise<string> =>
      download({ filename: 'talos.qcow2', checksum, 'checksum-algorithm': 'sha256' })
    expect(await sum('c0ffee')).toBe('OK')
    expect(await sum('00')).toBe("checksum mismatch: got 'c0ffee' != expect '00', aborting")
  })

  test('what is wrong with the source is the end of the task', async () => {
    expect(await download({ url: 'https://factory.example.test/nope.qcow2' })).toBe('download failed: exit code 8')
    expect(await download({ url: 'https://nohost.invalid/x.qcow2' })).toBe(
      "download failed: wget: unable to resolve host address 'nohost.invalid'",
    )
    expect(await download({ checksum: '00', 'checksum-algorithm': 'sha256' })).toBe(
      "checksum mismatch: got 'c0ffee' != expect '00'",
    )
    expect(await download({ compression: 'zst' })).toBe('decompression not supported for import')
    expect(lab.host.volumes().map(({ volid }) => volid)).toEqual(['local:import/talos.qcow2'])
  })

  test('what is wrong with the request is refused at once', async () => {
    const ask = (storage: string, filename: string) =>
      lab.root.call('POST', `${AT}/storage/${storage}/download-url`, {
        params: { content: 'import', filename, url: IMAGE_URL },
      })
    expect((await ask('local-zfs', 'x.qcow2')).reason).toBe(
      "storage 'local-zfs' is not configured for content-type 'import'",
    )
    expect((await ask('local', 'x.img')).body?.errors).toEqual({ filename: 'invalid filename or wrong extension' })
  })

  test('take the time of their size on the line', async () => {
    const [interval] = lab.trace.intervals()
    expect(interval).toMatchObject({ kind: 'image.download', subject: 'talos.qcow2' })
    const labMs = ((interval?.endMs ?? 0) - (interval?.startMs ?? 0)) * 500
    expect(labMs).toBeGreaterThan(9000)
  })
})
