import { createServer as createPlain } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '#core/base/secret.ts'
import { createDialer } from '#agent/dialer.ts'
import { createProxmoxHttp, path, type ProxmoxHttp } from '#agent/providers/proxmox/http.ts'
import { startProxmoxSite, type ProxmoxSite } from '#test/support/proxmox-site.ts'

let site: ProxmoxSite
let http: ProxmoxHttp
const access = () => {
  const { tokenId, secret } = site.host.setUpLeastPrivilege()
  return { endpoints: [site.host.url], tokenId, tokenSecret: new Secret(secret), caPem: site.host.caPem }
}

beforeEach(async () => {
  site = await startProxmoxSite()
  http = createProxmoxHttp(access(), createDialer())
})
afterEach(async () => {
  await http.close()
  await site.close()
})

describe('calls to Proxmox', () => {
  test('a GET whose connection breaks is sent once more', async () => {
    const effect = { kind: 'connection-lost', workHappens: false } as const
    site.host.faults.add({ method: 'GET', path: /\/version$/, effect })
    expect(await http.get('/version')).toMatchObject({ ok: true, value: { version: '9.2.11' } })
    site.host.faults.add({ method: 'GET', path: /\/version$/, effect, times: 2 })
    expect(await http.get('/version')).toMatchObject({ ok: false, error: { kind: 'no-answer' } })
  })

  test('a POST whose connection breaks is never sent again', async () => {
    site.host.faults.add({
      method: 'POST',
      path: /\/download-url$/,
      effect: { kind: 'connection-lost', workHappens: true },
    })
    const before = site.host.tasks().length
    const params = { content: 'import', filename: 'talos-x.qcow2', url: 'https://factory.test/none' }
    const answer = await http.post('/nodes/prod-srv-01/storage/local/download-url', params)
    expect(answer).toMatchObject({ ok: false, error: { kind: 'no-answer' } })
    expect(site.host.tasks()).toHaveLength(before + 1)
  })

  test('the reason phrase is what went wrong', async () => {
    expect(await http.get('/nodes/prod-srv-01/qemu/4711/config')).toMatchObject({
      ok: false,
      error: {
        kind: 'refused',
        status: 500,
        reason: "Configuration file 'nodes/prod-srv-01/qemu-server/4711.conf' does not exist",
      },
    })
    expect(await http.get('/cluster/nextid', { vmid: 100 })).toMatchObject({
      ok: false,
      error: { status: 400, fields: { vmid: 'VM 100 already exists' } },
    })
  })

  test('a dead endpoint is passed over, because nothing was sent to it', async () => {
    const dead = createProxmoxHttp({ ...access(), endpoints: ['https://127.0.0.1:1', site.host.url] }, createDialer())
    expect(await dead.get('/version')).toMatchObject({ ok: true })
    await dead.close()
  })

  test('a host with another authority is told nothing, not even the token', async () => {
    const other = await startProxmoxSite()
    const wrong = createProxmoxHttp({ ...access(), endpoints: [other.host.url] }, createDialer())
    expect(await wrong.get('/version')).toMatchObject({
      ok: false,
      error: { kind: 'not-sent', text: expect.stringContaining('proxmox.caFile') },
    })
    await wrong.close()
    await other.close()
  })

  test('parameters of GET and DELETE go into the query, since a body is refused', async () => {
    const seen: string[] = []
    const plain = createPlain((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['content-length'] ?? 'no body'}`)
      response.end('{"data":null}')
    })
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.address() as AddressInfo
    const bare = createProxmoxHttp({ ...access(), endpoints: [`http://127.0.0.1:${port}`] }, createDialer())
    await bare.delete(path`/nodes/${'n'}/qemu/${7}`, { purge: 1, skiplock: undefined })
    await bare.put('/x', { tags: 'a;b c' })
    expect(seen).toEqual(['DELETE /api2/json/nodes/n/qemu/7?purge=1 no body', 'PUT /api2/json/x 12'])
    await bare.close()
    plain.close()
  })

  test('parts of a path cannot leave their place', () => {
    expect(path`/nodes/${'a/../b'}/tasks/${'UPID:n:1:root@pam!t:'}/status`).toBe(
      '/nodes/a%2F..%2Fb/tasks/UPID%3An%3A1%3Aroot%40pam!t%3A/status',
    )
  })
})
