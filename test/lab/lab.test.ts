import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { SocksClient } from 'socks'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startLab, type Lab } from '#lab/lab.ts'
import { labState, type LabState } from '#lab/state.ts'
import { machineConfig, newBundle } from './talos/support/bundle.ts'
import { apply, insecure, portOf } from './talos/support/client.ts'
import { until } from './talos/support/site.ts'

const MAC = '02:54:41:00:00:01'
const UUID = '6f3b0c1e-1a52-4d0f-9a63-000000005001'
const ADDRESS = '192.168.1.51'
/** Fast enough to be over soon, slow enough that the lab's shortest waits are still waits. */
const RATE = 500

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ rate: RATE })
})
afterAll(() => lab.close())

/** One HTTP call to an address of the LAN, by way of the SOCKS server and nothing else. */
async function call(
  url: string,
  method = 'GET',
  body?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const { hostname, port, protocol, pathname, search } = new URL(url)
  const isTls = protocol === 'https:'
  const { socket } = await SocksClient.createConnection({
    proxy: { host: '127.0.0.1', port: lab.socksPort, type: 5 },
    command: 'connect',
    destination: { host: hostname, port: Number(port || (isTls ? 443 : 80)) },
  })
  const line = isTls ? tlsConnect({ socket, ca: lab.site.caPem, host: hostname }) : socket
  return new Promise((resolve, reject) => {
    line.on('error', reject)
    const request = httpRequest(
      { method, path: pathname + search, headers: { host: hostname, ...headers }, createConnection: () => line },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => {
          line.destroy()
          resolve({ status: response.statusCode ?? 0, text })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

async function proxmox(method: string, path: string, params?: Record<string, string | number>): Promise<string> {
  const headers: Record<string, string> = { authorization: `PVEAPIToken=${lab.site.tokenId}=${lab.site.tokenSecret}` }
  const body = params ? JSON.stringify(params) : undefined
  if (body !== undefined)
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) })
  const { status, text } = await call(`${lab.site.url}/api2/json${path}`, method, body, headers)
  if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`)
  const { data } = JSON.parse(text) as { data: unknown }
  return typeof data === 'string' ? data : JSON.stringify(data)
}

async function finished(upid: string): Promise<void> {
  const status = await until(async () => {
    const task = JSON.parse(await proxmox('GET', `/nodes/prod-srv-01/tasks/${upid}/status`)) as {
      status: string
      exitstatus?: string
    }
    return task.status === 'stopped' && task
  }, 'the task ends')
  expect(status.exitstatus).toBe('OK')
}

const state = (): LabState => labState(lab)

describe('a whole site', () => {
  test('begins with a host that has one guest of its own, and nothing of ours', () => {
    expect(state()).toMatchObject({
      guests: [{ vmid: 100, name: 'truenas', running: true, foreign: true }],
      nodes: [],
      clusters: [],
    })
    expect(lab.violations()).toEqual([])
  })

  test('an image is made, downloaded, and a guest of it comes up in maintenance mode at the address it was given', async () => {
    const posted = await call(`${lab.factoryUrl}/schematics`, 'POST', 'customization: {}\n', { 'content-length': '18' })
    const { id } = JSON.parse(posted.text) as { id: string }
    const node = '/nodes/prod-srv-01'
    const url = `${lab.factoryUrl}/image/${id}/v1.13.9/nocloud-amd64.qcow2`
    await finished(
      await proxmox('POST', `${node}/storage/local/download-url`, { content: 'import', filename: 'talos.qcow2', url }),
    )
    await finished(
      await proxmox('POST', `${node}/qemu`, {
        vmid: 5001,
        name: 'cp-1',
        pool: lab.site.pool,
        machine: 'q35',
        ostype: 'l26',
        cores: 4,
        memory: 8192,
        scsihw: 'virtio-scsi-pci',
        scsi0: 'local-zfs:0,import-from=local:import/talos.qcow2',
        net0: `virtio=${MAC},bridge=vmbr0`,
        boot: 'order=scsi0',
        smbios1: `uuid=${UUID}`,
        ide2: 'local-zfs:cloudinit',
        ipconfig0: `ip=${ADDRESS}/24,gw=192.168.1.1`,
      }),
    )
    await finished(await proxmox('POST', `${node}/qemu/5001/status/start`, {}))
    await until(() => portOf(lab.lan, ADDRESS, 50_000), 'maintenance')
    const { state: cosi } = insecure(lab.lan, ADDRESS)
    const seen = await cosi.get({
      namespace: 'hardware',
      type: 'SystemInformations.hardware.talos.dev',
      id: 'systeminformation',
    })
    expect(seen.resource?.spec?.yamlSpec).toContain(UUID)
    expect(state().nodes).toMatchObject([
      { name: 'cp-1', stage: 'maintenance', talosVersion: 'v1.13.9', configured: false },
    ])
    const kinds = lab.trace.intervals().map((interval) => interval.kind)
    expect(kinds).toEqual(expect.arrayContaining(['image.download', 'vm.create', 'vm.start', 'node.boot']))
  })

  test('a configured guest that shuts itself down is seen as stopped by the hypervisor', async () => {
    const bundle = await newBundle()
    await apply(insecure(lab.lan, ADDRESS), machineConfig(bundle, { hostname: 'cp-1', address: ADDRESS, mac: MAC }))
    await until(() => state().nodes[0]?.configured && lab.nodes()[0]?.secured, 'mTLS')
    await lab.nodes()[0]?.turnOff()
    const { status } = JSON.parse(await proxmox('GET', '/nodes/prod-srv-01/qemu/5001/status/current')) as {
      status: string
    }
    expect(status).toBe('stopped')
  })

  test('trouble by name: a failing node, a hypervisor that is away, a call that is answered badly', async () => {
    await finished(await proxmox('POST', '/nodes/prod-srv-01/qemu/5001/status/start', {}))
    await until(() => lab.nodes()[0]?.secured, 'up again')
    expect(await lab.faults.make({ kind: 'node.fail', node: 'cp-1' })).toEqual({ ok: true, value: undefined })
    expect(state().guests.find((guest) => guest.vmid === 5001)?.running).toBe(false)
    expect(await lab.faults.make({ kind: 'node.fail', node: 'cp-9' })).toEqual({
      ok: false,
      error: 'no node is called cp-9',
    })
    await lab.faults.make({
      kind: 'hypervisor.call',
      method: 'GET',
      path: '^/version',
      effect: { kind: 'answer', status: 596, reason: 'Broken pipe' },
    })
    await expect(proxmox('GET', '/version')).rejects.toThrow('596')
    expect(await proxmox('GET', '/version')).toContain('9.2')
    await lab.faults.make({ kind: 'hypervisor.online', online: false })
    await expect(proxmox('GET', '/version')).rejects.toThrow(/socket|ECONN|closed|hang up|disconnected/i)
    await lab.faults.make({ kind: 'hypervisor.online', online: true })
    expect(await proxmox('GET', '/version')).toContain('9.2')
  })
})

describe('the lab as a program of its own', () => {
  interface Connection {
    readonly socksUrl: string
    readonly proxmox: { readonly url: string; readonly tokenSecretFile: string; readonly caFile: string }
    readonly control: { readonly url: string; readonly tokenFile: string }
  }
  let child: ChildProcess | undefined
  const parent = mkdtempSync(join(tmpdir(), 'lanline-lab-test-'))
  const dir = join(parent, 'lab')
  afterEach(() => child?.kill('SIGKILL'))
  afterAll(() => rmSync(parent, { recursive: true }))

  const start = async (): Promise<Connection> => {
    child = spawn(process.execPath, ['lab/main.ts', '--rate', '500', '--dir', dir, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await until(() => text.includes('\n'), 'the lab is ready')
    return JSON.parse(text) as Connection
  }

  test('prints one line with everything needed, keeps its secrets in 0600 files, and leaves nothing behind', async () => {
    const connection = await start()
    expect(connection.proxmox.url).toBe('https://192.168.1.10:8006')
    for (const file of readdirSync(dir)) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600)
    expect(JSON.stringify(connection)).not.toContain(readFileSync(connection.proxmox.tokenSecretFile, 'utf8').trim())

    const token = readFileSync(connection.control.tokenFile, 'utf8').trim()
    const ask = (path: string, init: RequestInit = {}, bearer = token) =>
      fetch(`${connection.control.url}${path}`, { ...init, headers: { authorization: `Bearer ${bearer}` } })
    expect(await (await ask('/state')).json()).toMatchObject({ rate: 500, guests: [{ name: 'truenas' }] })
    expect(await (await ask('/violations')).json()).toEqual([])
    expect(await (await ask('/trace')).json()).toEqual([])
    expect((await ask('/state', {}, 'wrong')).status).toBe(401)
    const post = (body: unknown) => ask('/faults', { method: 'POST', body: JSON.stringify(body) })
    expect((await post({ kind: 'address.cut', address: '192.168.1.10', how: 'refuse' })).status).toBe(200)
    const refused = await post({ kind: 'node.explode' })
    expect(refused.status).toBe(400)

    const exit = new Promise<number | null>((resolve) => child?.once('exit', resolve))
    child?.kill('SIGINT')
    expect(await exit).toBe(0)
    expect(existsSync(dir)).toBe(false)
  })
})
