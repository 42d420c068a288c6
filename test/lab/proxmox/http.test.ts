import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aHost, AT, type LabHost } from './a-host.ts'
import { Client, tokenHeader } from './client.ts'
import { words } from '#lab/proxmox/words.ts'

let lab: LabHost
beforeAll(async () => {
  lab = await aHost()
})
afterAll(() => lab.close())

describe('certificates', () => {
  test('are signed by the host’s own authority for its name and its LAN address', async () => {
    for (const name of ['prod-srv-01', 'prod-srv-01.lan', '192.168.1.5', '127.0.0.1']) {
      const { promise, resolve, reject } = Promise.withResolvers<boolean>()
      const servername = /^\d/.test(name) ? {} : { servername: name }
      const socket = connect({ port: lab.host.port, host: '127.0.0.1', ca: lab.host.caPem, ...servername }, () =>
        resolve(socket.authorized),
      )
      socket.once('error', reject)
      expect([name, await promise]).toEqual([name, true])
      socket.destroy()
    }
    const info = (await lab.agent.call('GET', `${AT}/certificates/info`)).body?.data as {
      filename: string
      pem: string
    }[]
    expect(info[0]).toMatchObject({ filename: 'pve-root-ca.pem', pem: lab.host.caPem })
  })
})

describe('refused logins', () => {
  test.each([
    ['nothing sent', {}, 'No ticket'],
    ['another scheme', { Authorization: 'Bearer x' }, 'No ticket'],
    ['a lower-case scheme', { Authorization: 'pveapitoken=a@b!c=d' }, 'No ticket'],
    ['a wrong secret', tokenHeader('lanline@pve!agent', 'wrong'), 'Authentication failed!'],
    ['an unknown user', tokenHeader('nobody@pve!agent', 'wrong'), 'Authentication failed!'],
  ])('%s: 401 with an empty body', async (_, headers, reason) => {
    const answer = await new Client(lab.host, headers).call('GET', '/version')
    expect([answer.status, answer.reason, answer.text]).toEqual([401, reason, ''])
  })

  test('a wrong password is a 401 that says so in JSON', async () => {
    const params = { username: 'root@pam', password: 'wrong' }
    const answer = await new Client(lab.host, {}).call('POST', '/access/ticket', { params })
    expect([answer.status, answer.reason, answer.body?.data]).toEqual([401, 'authentication failure', null])
  })

  test('come three seconds of lab time late', async () => {
    const before = performance.now()
    await new Client(lab.host, {}).call('GET', '/version')
    expect(performance.now() - before).toBeGreaterThanOrEqual(3000 / 500)
  })

  test('a ticket without its anti-forgery token changes nothing', async () => {
    const answer = await lab.root.call('POST', '/pools', {
      params: { poolid: 'x' },
      headers: { CSRFPreventionToken: 'y' },
    })
    expect([answer.status, answer.reason]).toEqual([401, 'Permission denied - invalid csrf token'])
  })
})

describe('errors', () => {
  test('carry their text in the reason phrase and close the connection; successes keep it', async () => {
    const missing = await lab.agent.call('GET', `${AT}/qemu/29999/config`)
    expect([missing.status, missing.reason]).toEqual([
      500,
      "Configuration file 'nodes/prod-srv-01/qemu-server/29999.conf' does not exist",
    ])
    expect(missing.body).toEqual({ data: null, message: `${missing.reason}\n` })
    expect(missing.headers['connection']).toBe('close')
    const fine = await lab.agent.call('GET', '/version')
    expect([fine.headers['server'], fine.headers['connection']]).toEqual(['pve-api-daemon/3.0', 'keep-alive'])
  })

  test.each([
    ['GET', '/nope', 501, "Method 'GET /nope' not implemented"],
    ['POST', '/version', 501, "Method 'POST /version' not implemented"],
    ['HEAD', '/version', 501, "method 'HEAD' not available"],
    ['GET', '/nodes/nope/qemu', 500, /^hostname lookup 'nope' failed/],
    [
      'GET',
      `${AT}/storage/nope/status`,
      403,
      'Permission check failed (/storage/nope, Datastore.Audit|Datastore.AllocateSpace)',
    ],
    ['GET', `${AT}/tasks/UPID:prod-srv-01:garbage/status`, 400, 'Parameter verification failed.'],
    ['DELETE', `${AT}/qemu/100`, 403, 'Permission check failed (/vms/100, VM.Allocate)'],
    ['POST', `${AT}/qemu/100/status/stop`, 403, 'Permission check failed (/vms/100, VM.PowerMgmt)'],
  ])('%s %s: %i', async (method, path, status, reason) => {
    const answer = await lab.agent.call(method, path)
    expect(answer.status).toBe(status)
    expect(answer.reason).toMatch(reason)
  })

  test('DELETE with a body is refused', async () => {
    const answer = await lab.agent.call('DELETE', `${AT}/qemu/100`, { raw: 'purge=1' })
    expect([answer.status, answer.reason]).toEqual([501, "Unexpected content for method 'DELETE'"])
  })

  test('other content types and oversized bodies are refused', async () => {
    const text = await lab.root.call('POST', '/pools', { raw: 'x', headers: { 'Content-Type': 'text/plain' } })
    expect([text.status, text.reason]).toEqual([506, "upload 'Content-Type 'text/plain' not implemented"])
    const large = await lab.root.call('POST', '/pools', { raw: `comment=${'x'.repeat(600 * 1024)}` })
    expect([large.status, large.reason]).toEqual([501, 'for data too large'])
  })

  test('the other form of the API answers 200 with the status inside', async () => {
    const answer = await lab.agent.call('GET', `/api2/extjs${AT}/qemu/29999/config`)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ success: 0, status: 500, data: null })
  })
})

describe('parameters', () => {
  const NOT_DEFINED = 'property is not defined in schema and the schema does not allow additional properties'
  test.each([
    ['an unknown one', { vmid: 300, 'host-tunnel': 1 }, { 'host-tunnel': NOT_DEFINED }],
    ['an index too high', { vmid: 300, scsi31: 'local-zfs:1' }, { scsi31: NOT_DEFINED }],
    ['a boolean in words', { vmid: 300, onboot: 'true' }, { onboot: "type check ('boolean') failed - got 'true'" }],
    ['a missing one', {}, { vmid: 'property is missing and it is not optional' }],
    ['too little', { vmid: 300, cores: 0 }, { cores: 'value must have a minimum value of 1' }],
    ['a bad id', { vmid: 99 }, { vmid: 'invalid format - value does not look like a valid VM ID\n' }],
    [
      'a bad property',
      { vmid: 300, net0: 'virtio=02:54:41:00:00:99,bridge=vmbr0,tag=5000' },
      { net0: 'invalid format - format error\nnet0.tag: value must have a maximum value of 4094\n' },
    ],
    [
      'a gateway without an address',
      { vmid: 300, ipconfig0: 'gw=10.99.0.1' },
      { ipconfig0: "invalid format - format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'\n" },
    ],
    [
      'an import with a size',
      { vmid: 300, pool: 'lanline', scsi0: 'local-zfs:8,import-from=local:import/talos.qcow2' },
      { scsi0: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>" },
    ],
  ])('refuses %s', async (_, params, errors) => {
    const answer = await lab.agent.call('POST', `${AT}/qemu`, { params })
    expect([answer.status, answer.reason, answer.body?.errors]).toEqual([400, 'Parameter verification failed.', errors])
  })

  test('the query of a GET is checked as well', async () => {
    const answer = await lab.agent.call('GET', '/version', { params: { foo: 1 } })
    expect(answer.body?.errors).toEqual({ foo: NOT_DEFINED })
  })

  test('one that contradicts the path is refused', async () => {
    const answer = await lab.root.call('PUT', `${AT}/qemu/100/config`, { params: { vmid: 3 } })
    expect(answer.body?.errors?.['vmid']).toBe('duplicate parameter (already defined in URI) with conflicting values!')
  })

  test('JSON bodies, with booleans and lists, are the same as forms', async () => {
    const params = { poolid: 'json', comment: 'x' }
    expect((await lab.root.call('POST', '/pools', { params, json: true })).status).toBe(200)
    const acl = { path: '/pool/json', roles: ['PVEPoolUser'], users: 'lanline@pve', propagate: false }
    expect((await lab.root.call('PUT', '/access/acl', { params: acl, json: true })).status).toBe(200)
    expect((await lab.agent.call('GET', '/pools')).body?.data).toEqual([{ poolid: 'json', comment: 'x' }])
  })
})

describe('rights', () => {
  test('the least rights of an agent are exactly these', async () => {
    const rights = (await lab.agent.call('GET', '/access/permissions')).body?.data as Record<string, object>
    expect(Object.keys(rights['/pool/lanline'] ?? {}).sort()).toEqual([
      ...words('VM.Allocate VM.Audit VM.Config.CPU VM.Config.Disk VM.Config.HWType VM.Config.Memory'),
      ...words('VM.Config.Network VM.Config.Options VM.PowerMgmt'),
    ])
    expect(rights['/vms']).toEqual({ 'VM.Audit': 1 })
    expect(rights[`/nodes/prod-srv-01`]).toEqual({ 'Sys.AccessNetwork': 1, 'Sys.Audit': 1 })
    expect(rights['/storage/local']).toEqual({ 'Datastore.AllocateTemplate': 1, 'Datastore.Audit': 1 })
    expect(rights['/storage/local-zfs']).toEqual({ 'Datastore.AllocateSpace': 1, 'Datastore.Audit': 1 })
  })

  test('a grant on a deeper path replaces what comes from above', async () => {
    await lab.root.call('POST', '/access/users', { params: { userid: 'deep@pve', password: 'long-enough' } })
    for (const [path, roles] of [
      ['/', 'LanlineAudit'],
      ['/storage', 'PVEDatastoreUser'],
    ] as const)
      await lab.root.call('PUT', '/access/acl', { params: { path, roles, users: 'deep@pve' } })
    const answer = await lab.root.call('GET', '/access/permissions', {
      params: { userid: 'deep@pve', path: '/storage/local' },
    })
    expect(answer.body?.data).toEqual({ '/storage/local': { 'Datastore.AllocateSpace': 1, 'Datastore.Audit': 1 } })
  })

  test('a separated token may only what its user and itself may', async () => {
    const made = await lab.root.call('POST', '/access/users/lanline@pve/token/narrow')
    const { value } = (made.body?.data ?? {}) as { value: string }
    const narrow = new Client(lab.host, tokenHeader('lanline@pve!narrow', value))
    expect((await narrow.call('GET', '/cluster/status')).reason).toBe('Permission check failed (/, Sys.Audit)')
    await lab.root.call('PUT', '/access/acl', {
      params: { path: '/', roles: 'PVEAuditor', tokens: 'lanline@pve!narrow' },
    })
    expect((await narrow.call('GET', '/cluster/status')).status).toBe(200)
    expect((await narrow.call('GET', '/access/permissions', { params: { path: '/' } })).body?.data).toEqual({
      '/': { 'Sys.Audit': 1 },
    })
  })
})
