import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { aHost, AT, uuidFor, type LabHost } from './a-host.ts'

let lab: LabHost
beforeEach(async () => {
  lab = await aHost()
  await lab.fetchImage()
  await lab.create(20001)
})
afterEach(() => lab.close())

const configOf = async (vmid: number): Promise<Record<string, string>> =>
  (await lab.root.call('GET', `${AT}/qemu/${vmid}/config`)).body?.data as Record<string, string>
const run = (method: string, path: string, params = {}): Promise<string> =>
  lab.root.run(method, `${AT}/${path}`, { params })

describe('snapshots', () => {
  test('keep the configuration, and going back brings it back', async () => {
    expect(await run('POST', 'qemu/20001/snapshot', { snapname: 'before' })).toBe('OK')
    await lab.root.call('PUT', `${AT}/qemu/20001/config`, { params: { cores: 8 } })
    expect(await run('POST', 'qemu/20001/snapshot/before/rollback')).toBe('OK')
    expect((await configOf(20001))['cores']).toBe(4)
    const rows = (await lab.root.call('GET', `${AT}/qemu/20001/snapshot`)).body?.data
    expect(rows).toMatchObject([{ name: 'before' }, { name: 'current', parent: 'before', running: 0 }])
    expect(await run('POST', 'qemu/20001/snapshot', { snapname: 'before' })).toBe("snapshot name 'before' already used")
    expect(await run('DELETE', 'qemu/20001/snapshot/before')).toBe('OK')
  })

  test('of a raw file cannot be taken', async () => {
    await lab.root.call('POST', '/storage', {
      params: { storage: 'files', type: 'dir', path: '/srv', content: 'images' },
    })
    await lab.root.run('POST', `${AT}/qemu`, { params: { vmid: 300, scsi0: 'files:4' } })
    expect(await run('POST', 'qemu/300/snapshot', { snapname: 's1' })).toBe('snapshot feature is not available')
  })
})

describe('clones', () => {
  test('have another identity and other MACs, and everything else as it was', async () => {
    expect(await run('POST', 'qemu/20001/clone', { newid: 300, name: 'copy', full: 1 })).toBe('OK')
    const [original, copy] = [await configOf(20001), await configOf(300)]
    expect(copy['smbios1']).not.toBe(`uuid=${uuidFor(20001)}`)
    expect(copy['net0']).not.toBe(original['net0'])
    expect([copy['name'], copy['memory'], copy['boot']]).toEqual(['copy', original['memory'], original['boot']])
    expect(copy['scsi0']).toContain('local-zfs:vm-300-disk-0')
  })

  test('of a template are linked to its disks, and it cannot go before them', async () => {
    expect(await run('POST', 'qemu/20001/template')).toBe('OK')
    expect(await run('POST', 'qemu/20001/status/start')).toBe("you can't start a vm if it's a template")
    expect(await run('POST', 'qemu/20001/clone', { newid: 300 })).toBe('OK')
    expect((await configOf(300))['scsi0']).toContain('base-20001-disk-0/vm-300-disk-0')
    expect(await run('DELETE', 'qemu/20001')).toMatch(/^base volume '.*' is still in use by linked cloned$/)
    expect(await run('DELETE', 'qemu/300')).toBe('OK')
    expect(await run('DELETE', 'qemu/20001')).toBe('OK')
  })

  test('do not take an id that is taken', async () => {
    const answer = await lab.root.call('POST', `${AT}/qemu/20001/clone`, { params: { newid: 100 } })
    expect([answer.status, answer.reason]).toEqual([500, 'unable to create VM 100: config file already exists'])
  })
})

describe('disks', () => {
  test('move to another store, where the old one stays unused unless it is deleted', async () => {
    await lab.root.call('POST', '/storage', {
      params: { storage: 'files', type: 'dir', path: '/srv', content: 'images' },
    })
    expect(await run('POST', 'qemu/20001/move_disk', { disk: 'scsi0', storage: 'files' })).toBe('OK')
    const config = await configOf(20001)
    expect(config['scsi0']).toMatch(/^files:20001\/vm-20001-disk-0\.qcow2,/)
    expect(config['unused0']).toBe('local-zfs:vm-20001-disk-0')
    const again = await lab.root.call('POST', `${AT}/qemu/20001/move_disk`, {
      params: { disk: 'scsi0', storage: 'files' },
    })
    expect(again.reason).toBe("you can't move to the same storage with same format")
  })
})

describe('uploads', () => {
  const upload = (filename: string, content: string, more = ''): Promise<string> => {
    const boundary = 'XX'
    const field = (name: string, value: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const raw = `${field('content', 'iso')}${more}--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n--${boundary}--\r\n`
    const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` }
    return lab.root.run('POST', `${AT}/storage/local/upload`, { raw, headers })
  }

  test('put a file onto a store, and overwrite one that is there', async () => {
    expect(await upload('small.iso', 'first')).toBe('OK')
    expect(await upload('small.iso', 'second!')).toBe('OK')
    const found = lab.host.volumes().find(({ volid }) => volid === 'local:iso/small.iso')
    expect([found?.sizeBytes, found?.bytes?.toString()]).toEqual([7, 'second!'])
  })

  test('refuse another ending at once', async () => {
    await expect(upload('small.txt', 'x')).rejects.toThrow('wrong file extension')
  })
})

describe('containers', () => {
  test('are made of a template that is there, started, seen and deleted', async () => {
    const missing = { vmid: 400, ostemplate: 'local:vztmpl/none.tar.gz', rootfs: 'local-zfs:4' }
    expect(await run('POST', 'lxc', missing)).toBe(
      "unable to create CT 400 - volume 'local:vztmpl/none.tar.gz' does not exist",
    )
    const template = {
      content: 'vztmpl',
      filename: 'alpine.tar.gz',
      url: 'https://factory.example.test/image/nocloud-amd64.qcow2',
    }
    expect(await run('POST', 'storage/local/download-url', template)).toBe('OK')
    const wish = {
      ...missing,
      ostemplate: 'local:vztmpl/alpine.tar.gz',
      hostname: 'router',
      net0: 'name=eth0,bridge=vmbr0,ip=192.168.1.9/24',
    }
    expect(await run('POST', 'lxc', wish)).toBe('OK')
    expect(await run('POST', 'lxc/400/status/start')).toBe('OK')
    const rows = (await lab.root.call('GET', `${AT}/lxc`)).body?.data
    expect(rows).toMatchObject([{ vmid: 400, name: 'router', status: 'running' }])
    expect((await lab.root.call('GET', `${AT}/lxc/400/interfaces`)).body?.data).toMatchObject([{ name: 'eth0' }])
    expect(await run('POST', 'lxc/400/status/stop')).toBe('OK')
    expect(await run('DELETE', 'lxc/400')).toBe('OK')
  })
})
