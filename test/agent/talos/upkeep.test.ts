import { gzipSync } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { afterEach, describe, expect, test } from 'vitest'
import { fileIn } from '#agent/talos/archive.ts'
import { closeAll, nodeWith } from './our-node.ts'

afterEach(closeAll)

/** One file of a tar: its header and its content, padded unless it is where Talos stops. */
function tarOf(name: string, content: string, end: 'padded' | 'cut-off'): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000600\0', 100)
  header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124)
  header.write('0', 156)
  const body = Buffer.from(content)
  const padding = end === 'padded' ? Buffer.alloc((512 - (body.length % 512)) % 512) : Buffer.alloc(0)
  return Buffer.concat([header, body, padding])
}

const KUBECONFIG = 'apiVersion: v1\nkind: Config\n'

describe('the archive a node answers with', () => {
  test('is read though it stops behind its file, as Talos writes it', () => {
    expect(fileIn(gzipSync(tarOf('kubeconfig', KUBECONFIG, 'cut-off')), 'kubeconfig')).toBe(KUBECONFIG)
  })

  test('is read when it ends as a tar should, with other files before', () => {
    const whole = Buffer.concat([
      tarOf('other', 'x'.repeat(700), 'padded'),
      tarOf('./kubeconfig', KUBECONFIG, 'padded'),
    ])
    expect(fileIn(gzipSync(Buffer.concat([whole, Buffer.alloc(1024)])), 'kubeconfig')).toBe(KUBECONFIG)
  })

  test.each([
    [
      'cut off within the file',
      gzipSync(tarOf('kubeconfig', KUBECONFIG, 'cut-off').subarray(0, 520)),
      'ends within kubeconfig',
    ],
    [
      'without the file',
      gzipSync(Buffer.concat([tarOf('other', 'x', 'padded'), Buffer.alloc(1024)])),
      'holds no kubeconfig',
    ],
    ['not an archive', Buffer.from('kubeconfig'), 'incorrect header check'],
    ['one that unpacks for ever', gzipSync(Buffer.alloc(5 * 1024 * 1024)), 'larger than'],
  ])('is refused when it is %s', (_, archive, reason) => {
    expect(() => fileIn(archive, 'kubeconfig')).toThrow(reason)
  })
})

describe('upkeep', () => {
  test('a kubeconfig is a secret, put together from what came in pieces', async () => {
    const archive = gzipSync(tarOf('kubeconfig', KUBECONFIG, 'cut-off'))
    const node = await nodeWith({
      machine: {
        async *kubeconfig() {
          yield { bytes: archive.subarray(0, 20) }
          yield { bytes: archive.subarray(20) }
        },
      },
    })
    const read = await node.kubeconfig()
    expect(read.ok && read.value.reveal()).toBe(KUBECONFIG)
    expect(JSON.stringify(read)).not.toContain('Config')
  })

  test('restarts, services, disks and stored values are asked for as they are meant', async () => {
    const asked: unknown[] = []
    const answer = { messages: [{}] }
    const node = await nodeWith({
      machine: {
        reboot: ({ mode }) => {
          asked.push(['reboot', mode])
          return { messages: [{ actorId: 'actor-1' }] }
        },
        rollback: () => {
          asked.push(['rollback'])
          return answer
        },
        serviceRestart: ({ id }) => {
          asked.push(['restart', id])
          return answer
        },
        metaWrite: ({ key, value }) => {
          asked.push(['write', key, Buffer.from(value).toString()])
          return answer
        },
        metaDelete: ({ key }) => {
          asked.push(['delete', key])
          throw new ConnectError('meta key not found', Code.NotFound)
        },
        reset: ({ graceful, reboot, systemPartitionsToWipe, userDisksToWipe, mode }) => {
          asked.push(['reset', graceful, reboot, systemPartitionsToWipe.length, userDisksToWipe, mode])
          return answer
        },
      },
      storage: {
        blockDeviceWipe: ({ devices }) => {
          asked.push(['wipe', devices.map(({ device, method, skipVolumeCheck }) => [device, method, skipVolumeCheck])])
          return answer
        },
      },
    })
    expect(await node.reboot('default')).toEqual({ ok: true, value: 'actor-1' })
    expect(await node.reboot('powercycle')).toMatchObject({ ok: true })
    expect(await node.reboot('force')).toMatchObject({ ok: true })
    const done = { ok: true, value: undefined }
    expect(await node.rollback()).toEqual(done)
    expect(await node.restartService('kubelet')).toEqual(done)
    expect(await node.writeMeta(10, 'x')).toEqual(done)
    expect(await node.deleteMeta(10)).toEqual(done)
    expect(await node.wipeDisk('sdb')).toEqual(done)
    expect(await node.reset({ graceful: false, reboot: false, wipe: 'system-disk', userDisks: ['/dev/sdb'] })).toEqual(
      done,
    )
    expect(asked).toEqual([
      ['reboot', 0],
      ['reboot', 1],
      ['reboot', 2],
      ['rollback'],
      ['restart', 'kubelet'],
      ['write', 10, 'x'],
      ['delete', 10],
      ['wipe', [['sdb', 0, false]]],
      ['reset', false, false, 0, ['/dev/sdb'], 0],
    ])
  })

  test('disks, load, clock, files and client credentials are told in our words', async () => {
    const node = await nodeWith({
      machine: {
        systemStat: () => ({ messages: [{ bootTime: 1_700_000_000n }] }),
        memory: () => ({ messages: [{ meminfo: { memtotal: 8n, memavailable: 3n } }] }),
        loadAvg: () => ({ messages: [{ load1: 0.5, load5: 1, load15: 2 }] }),
        async *read({ path }) {
          if (path === '/gone') throw new ConnectError('open /gone: no such file or directory', Code.Unknown)
          if (path === '/endless') for (;;) yield { bytes: new Uint8Array(1024 * 1024) }
          yield { bytes: new TextEncoder().encode('0f1e\n') }
        },
        generateClientConfiguration: ({ roles, crtTtl }) => {
          const bytes = (words: string) => new TextEncoder().encode(words)
          const said = `${roles.join()} ${crtTtl?.seconds}`
          return { messages: [{ ca: bytes('ca'), crt: bytes(said), key: bytes('key'), talosconfig: bytes('config') }] }
        },
      },
      storage: {
        disks: () => ({ messages: [{ disks: [{ deviceName: '/dev/sda', size: 5n, systemDisk: true, model: 'M' }] }] }),
      },
      time: {
        time: () => ({
          messages: [
            {
              server: 'ntp',
              localtime: { seconds: 100n, nanos: 0 },
              remotetime: { seconds: 101n, nanos: 500_000_000 },
            },
          ],
        }),
      },
    })
    expect(await node.load()).toEqual({
      ok: true,
      value: { bootedAt: 1_700_000_000_000, memoryBytes: 8192, availableBytes: 3072, averages: [0.5, 1, 2] },
    })
    expect(await node.clock()).toEqual({ ok: true, value: { server: 'ntp', nodeAt: 100_000, serverAt: 101_500 } })
    expect(await node.disks()).toEqual({
      ok: true,
      value: [{ path: '/dev/sda', sizeBytes: 5, model: 'M', serial: '', wwid: '', system: true, readonly: false }],
    })
    const file = await node.readFile('/proc/sys/kernel/random/boot_id')
    expect(file.ok && Buffer.from(file.value ?? []).toString()).toBe('0f1e\n')
    expect(await node.readFile('/gone')).toEqual({ ok: true, value: undefined })
    expect(await node.readFile('/endless')).toMatchObject({ ok: false, error: { code: 'check-failed' } })
    const made = await node.clientConfiguration({ roles: ['os:reader', 'os:etcd:backup'], lifetimeMs: 3_600_500 })
    expect(made).toMatchObject({ ok: true, value: { ca: 'ca', cert: 'os:reader,os:etcd:backup 3600' } })
    expect(made.ok && made.value.key.reveal()).toBe('key')
  })

  test('a member that is not there is removed already', async () => {
    const node = await nodeWith({
      machine: {
        etcdRemoveMemberByID: () => {
          throw new ConnectError('etcdserver: member not found', Code.NotFound)
        },
      },
    })
    expect(await node.removeMember('0000000000000abc')).toEqual({ ok: true, value: undefined })
  })
})
