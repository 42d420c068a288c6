import { afterEach, describe, expect, test } from 'vitest'
import type { GuestRuntime } from '#lab/guest.ts'
import type { ImageSource } from '#lab/factory/image-source.ts'
import { Trace } from '#lab/trace.ts'
import { startProxmox, type ProxmoxHost } from '#lab/proxmox/host.ts'
import type { ProxmoxOptions } from '#lab/proxmox/options.ts'
import { Client, ticketHeaders, tokenHeader } from './client.ts'
import { readRows, type Row } from './recording.ts'
import { replayFlow, type Outcome, type Replay } from './replaying.ts'
import { VirtualTime } from './virtual-time.ts'

/**
 * What was recorded on real hosts of 9.2.11 and 8.4.21, call by call and with its timing, against the simulated host: the
 * same status, the same reason, the same shape of body, the same end of every task.
 */
const RECORDINGS = '../shared/vectors/proxmox'
const PASSWORD = 'secret-of-root'
const HUGE = 'http://factory.example.test/image/huge.qcow2'
const MIB = 1024 ** 2
const START_MS = Date.UTC(2026, 10, 20, 10, 50)

/** The factory of the recordings. */
const images: ImageSource = {
  look: (url) => {
    const { host, pathname, protocol } = new URL(url)
    if (host.startsWith('nohost')) return { kind: 'unknown-host', host: 'nohost.invalid' }
    if (protocol === 'https:') return { kind: 'no-tls', host }
    if (host.endsWith(':81')) return { kind: 'refused', host }
    if (pathname === '/image/nope.qcow2') return { kind: 'http-error', status: 404, reason: 'Not Found' }
    if (pathname === '/status/500') return { kind: 'http-error', status: 500, reason: 'Internal Server Error' }
    const image = {
      kind: 'image',
      sizeBytes: 4_390_912,
      virtualBytes: 64 * MIB,
      sha256: SHA256,
      content: undefined,
    } as const
    if (pathname.startsWith('/cut/')) return { ...image, cutAfter: 0.71 }
    if (url === HUGE) return { ...image, sizeBytes: 4_901_109_760, virtualBytes: 4_900_000_256, sha256: 'x' }
    if (pathname.endsWith('/big.qcow2'))
      return { ...image, sizeBytes: 700_448_768, virtualBytes: 1_258_291_200, ...slow(pathname) }
    if (pathname.endsWith('/other.qcow2')) return { ...image, sizeBytes: 4_456_448 }
    if (pathname.endsWith('garbage.qcow2')) return { ...image, sizeBytes: 3000, format: 'raw' }
    return { ...image, ...slow(pathname) }
  },
}
const SHA256 = '886ddd55433c820159b53241baca35300d894426f6e924e65506590e0c625197'
/** `/slow/800/…` comes with 800 KiB a second. */
function slow(pathname: string): { readonly kibPerSecond?: number } {
  const rate = /^\/slow\/(\d+)\//.exec(pathname)?.[1]
  return rate === undefined ? {} : { kibPerSecond: Number(rate) }
}

/** Guests that do what the recorded ones did: they never react to the button. */
const guests: GuestRuntime = {
  powerOn: () => undefined,
  powerOff: (_, how) => (how === 'stop' ? Promise.resolve() : new Promise(() => undefined)),
  eraseDisk: () => undefined,
}

const host = (time: VirtualTime, more: Partial<ProxmoxOptions> = {}): Promise<ProxmoxHost> =>
  startProxmox({
    hostName: 'pve1',
    domain: 'example.test',
    lanAddress: '10.99.0.1',
    threads: 2,
    memoryMiB: 24_000,
    rootPassword: PASSWORD,
    storages: [
      {
        name: 'local',
        type: 'dir',
        content: ['rootdir', 'backup', 'snippets', 'iso', 'import', 'vztmpl', 'images'],
        totalBytes: 270_553_174_016,
        usedBytes: 38_781_702_144,
      },
    ],
    bridges: [{ name: 'vmbr0', port: undefined, cidr: '10.99.0.1/24' }],
    downloadMbitPerSecond: 4000,
    importMibPerSecond: 350,
    statistics: 'by-hand',
    time,
    trace: new Trace(),
    guests,
    images,
    ...more,
  })

let running: ProxmoxHost | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})

const nothing = (): undefined => undefined

async function play(
  file: string,
  release: '9.2' | '8.4',
  how: {
    readonly leftOut?: Replay['leftOut']
    readonly prepare?: (root: Client, time: VirtualTime) => Promise<Replay['tokens']>
    readonly before?: (root: Client, host: ProxmoxHost, time: VirtualTime) => Replay['before']
  } = {},
): Promise<(Outcome & { readonly count: number }) | undefined> {
  const rows = readRows(`${RECORDINGS}/${file}`)
  if (!rows) {
    process.stdout.write(`replay: did not run, ${RECORDINGS}/${file} is not here\n`)
    return undefined
  }
  const time = new VirtualTime(START_MS)
  const started = await host(time, { release })
  running = started
  const root = await driven(time, async () => new Client(started, await ticketHeaders(started, 'root@pam', PASSWORD)))
  const tokens = await how.prepare?.(root, time)
  const outcome = await replayFlow({
    host: started,
    time,
    root,
    rootPassword: PASSWORD,
    rows,
    leftOut: how.leftOut ?? nothing,
    before: how.before?.(root, started, time) ?? nothing,
    ...(tokens ? { tokens } : {}),
  })
  const { agreed, leftOut, differences } = outcome
  process.stdout.write(`replay ${file}: ${agreed} of ${rows.length} recorded calls agree, ${leftOut.length} left out\n`)
  for (const line of leftOut) process.stdout.write(`replay ${file}: left out ${line}\n`)
  if (process.env['REPLAY_DIFFERENCES']) for (const line of differences) process.stdout.write(`${line}\n`)
  return { ...outcome, count: rows.length }
}

/** Lets time run while something is done that is not in the recording. */
async function driven<T>(time: VirtualTime, work: () => Promise<T>): Promise<T> {
  let finished = false
  const result = work().finally(() => (finished = true))
  while (!finished) {
    await Promise.race([result, time.activity(2)])
    if (!finished) time.step()
  }
  return result
}

describe('recorded flows, replayed', () => {
  for (const [file, release] of [
    ['flow-default.jsonl', '9.2'],
    ['flow-default-8.4.jsonl', '8.4'],
  ] as const) {
    test(`the default flow of ${release} is answered as the real host did`, async (context) => {
      const outcome = await play(file, release, {
        before: (root, _, time) => (_row, index) =>
          index === PLANTED_BEFORE[release]
            ? driven(time, () => plant(root, 'huge.qcow2', HUGE)).then(nothing)
            : undefined,
      })
      if (!outcome) return context.skip()
      expect(outcome.differences).toEqual([])
      expect(outcome.agreed + outcome.leftOut.length).toBe(outcome.count)
    }, 120_000)
  }

  test('the flow of faults is answered as the real host did', async (context) => {
    const outcome = await play('flow-faults.jsonl', '9.2', {
      leftOut: leftOutOfFaults,
      prepare: (root, time) => driven(time, () => setUpForFaults(root)),
      before: (root, started, time) => (row, index) => {
        if (index === 7) shrinkTiny(started)
        return driven(time, () => tidyUp(root, started, row))
      },
    })
    if (!outcome) return context.skip()
    expect(outcome.differences).toEqual([])
    expect(outcome.agreed + outcome.leftOut.length).toBe(outcome.count)
  }, 300_000)
})

/** Before this row somebody had put a large image onto the store by hand. */
const PLANTED_BEFORE = { '9.2': 88, '8.4': 87 } as const

const plant = (root: Client, filename: string, url: string): Promise<string> =>
  root.run('POST', '/nodes/pve1/storage/img/download-url', { params: { content: 'import', filename, url } })

/** What the flow of faults found on the recorded host. */
async function setUpForFaults(root: Client): Promise<ReadonlyMap<string, Client>> {
  const call = async (method: string, path: string, params: Record<string, string | number>): Promise<unknown> => {
    const answer = await root.call(method, path, { params })
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.reason} ${answer.text}`)
    return answer.body?.data
  }
  const store = { type: 'dir' }
  await call('POST', '/storage', { ...store, storage: 'fast', path: '/var/lib/fast', content: 'images' })
  await call('POST', '/storage', { ...store, storage: 'img', path: '/var/lib/img', content: 'iso,import' })
  await call('POST', '/pools', { poolid: 'talos' })
  await call('POST', '/access/users', { userid: 'talos@pve' })
  for (const [roleid, privs, path] of ROLES) {
    await call('POST', '/access/roles', { roleid, privs })
    await call('PUT', '/access/acl', { path, roles: roleid, users: 'talos@pve', propagate: 1 })
  }
  await plant(root, 'huge.qcow2', HUGE)
  await plant(root, 'talos-1.11.5-37656798-b.qcow2', 'http://factory.example.test/image/talos.qcow2')
  const made = (await call('POST', '/access/users/talos@pve/token/agent', { privsep: 0 })) as { value: string }
  return new Map([
    ['talos@pve!agent (token)', new Client(running as ProxmoxHost, tokenHeader('talos@pve!agent', made.value))],
  ])
}

const ROLES = [
  [
    'TalosVM',
    'VM.Allocate,VM.Audit,VM.Config.CPU,VM.Config.Memory,VM.Config.Disk,VM.Config.Network,VM.Config.HWType,VM.Config.Options,VM.Config.CDROM,VM.Config.Cloudinit,VM.PowerMgmt,VM.GuestAgent.Audit',
    '/pool/talos',
  ],
  ['TalosDisk', 'Datastore.Audit,Datastore.AllocateSpace', '/storage/fast'],
  ['TalosImage', 'Datastore.Audit,Datastore.AllocateTemplate', '/storage/img'],
  ['TalosNode', 'Sys.AccessNetwork,Sys.Audit', '/nodes/pve1'],
  ['TalosAudit', 'Sys.Audit', '/'],
  ['TalosNet', 'SDN.Use', '/sdn/zones/localnetwork/vmbr0'],
] as const

/** The recorded store was a file system of 40 MiB. */
function shrinkTiny(started: ProxmoxHost): void {
  const tiny = started.world.storages.find('tiny')
  if (tiny) tiny.foreignBytes = tiny.totalBytes - 40 * MIB
}

/** Between the trials of the recorded create call its guest was removed, off the record. */
async function tidyUp(root: Client, started: ProxmoxHost, row: Row): Promise<void> {
  const vmid = row.params?.['vmid']
  const isTrial = row.method === 'POST' && row.step.startsWith('11 create:') && row.path.endsWith('/qemu')
  if (!isTrial || !started.guests().some((vm) => vm.vmid === Number(vmid))) return
  await root.call('PUT', `/nodes/pve1/qemu/${vmid}/config`, { params: { protection: 0 } })
  await root.run('POST', `/nodes/pve1/qemu/${vmid}/status/stop`)
  await root.run('DELETE', `/nodes/pve1/qemu/${vmid}`, { params: { purge: 1, 'destroy-unreferenced-disks': 1 } })
}

/** Longer texts were cut when they were written down. */
const CUT_AT = 6000

function leftOutOfFaults(row: Row): string | undefined {
  const description = row.params?.['description']
  if (typeof description === 'string' && description.length > CUT_AT)
    return 'the recording holds only the beginning of the text that was sent'
  return undefined
}
