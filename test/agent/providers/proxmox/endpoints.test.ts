import { afterEach, describe, expect, test } from 'vitest'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { X509Certificate } from 'node:crypto'
import { Secret } from '#core/base/secret.ts'
import { createDialer } from '#agent/dialer.ts'
import { createProxmoxHttp } from '#agent/providers/proxmox/http.ts'
import { aBundle } from '#test/support/talos-bundle.ts'
import { servingCertificate } from '#test/support/serving-certificate.ts'
import { byPath, listen, startScripted, stop, type ScriptedHost } from './scripted-host.ts'

/** What the client does when an endpoint, a connection or an answer is not what it should be. */
const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

async function scripted(...given: Parameters<typeof startScripted>): Promise<ScriptedHost> {
  const host = await startScripted(...given)
  endings.push(() => host.close())
  return host
}
const version = { data: { version: '9.2.11' } }

describe('several endpoints of one cluster', () => {
  test('a GET moves on from an endpoint that hangs up; a write does not, for it may have begun', async () => {
    const second = await listen(byPath({ 'GET /version': version, 'POST /x': { data: 'UPID:' } }))
    endings.push(() => stop(second.server))
    const host = await scripted(() => undefined, [second.url])
    expect(await host.http.get('/version')).toMatchObject({ ok: true })
    expect(host.asked.map(({ method }) => method)).toEqual(['GET', 'GET'])
    const other = await scripted(() => undefined, [second.url])
    expect(await other.http.post('/x')).toMatchObject({ ok: false, error: { kind: 'no-answer' } })
    expect(second.asked.filter(({ method }) => method === 'POST')).toEqual([])
  })

  test('a write moves on where the relay says that nothing began', async () => {
    const second = await listen(byPath({ 'POST /x': { data: 'UPID:' } }))
    endings.push(() => stop(second.server))
    const host = await scripted(byPath({ 'POST /x': { status: 595, reason: 'No route to host' } }), [second.url])
    expect(await host.http.post('/x')).toMatchObject({ ok: true, value: 'UPID:' })
  })

  test.each([596, 597, 599])(
    '[pitfall 26] a write that the relay gave up on with %i is sent once and nowhere else',
    async (status) => {
      const second = await listen(byPath({ 'POST /x': { data: 'UPID:' } }))
      endings.push(() => stop(second.server))
      const host = await scripted(byPath({ 'POST /x': { status, reason: 'Broken pipe' } }), [second.url])
      expect(await host.http.post('/x')).toMatchObject({ ok: false, error: { kind: 'refused', status } })
      expect([host.asked.length, second.asked.length]).toEqual([1, 0])
    },
  )

  test('the one that answered is asked first from then on', async () => {
    const second = await listen(byPath({ 'GET /version': version }))
    endings.push(() => stop(second.server))
    const host = await scripted(() => undefined, [second.url])
    await host.http.get('/version')
    const before = host.asked.length
    await host.http.get('/version')
    expect(host.asked).toHaveLength(before)
  })
})

describe('an answer that is none', () => {
  test.each(['', '<html>gateway</html>', '{"data":[{"id":', '[]', 'null'])(
    'a page of %j is not an empty list',
    async (raw) => {
      const host = await scripted(() => ({ raw }))
      expect(await host.http.get('/cluster/resources')).toMatchObject({ ok: false, error: { kind: 'no-answer' } })
      expect(await host.provider.observe()).toMatchObject({ ok: false, error: { code: 'provider-unreachable' } })
    },
  )

  test('a write that was answered with something else is unknown', async () => {
    const host = await scripted(
      byPath({
        'GET /nodes/pve1/storage': { data: [{ storage: 'local', content: 'iso,import', active: 1 }] },
        'GET /nodes/pve1/version': version,
        'POST /nodes/pve1/storage/local/download-url': { raw: 'ok' },
      }),
    )
    const image = { host: 'pve1', storage: 'local', content: 'import', fileName: 'x.qcow2' } as const
    expect(await host.provider.startDownload(image, 'https://f/x')).toMatchObject({
      error: { code: 'outcome-unknown' },
    })
  })

  test('a cluster that lists no node yet is not a site that lost everything', async () => {
    const host = await scripted(byPath({ 'GET /cluster/resources': { data: [] } }))
    expect(await host.provider.observe()).toMatchObject({ ok: false, error: { code: 'provider-unreachable' } })
  })

  test('a call that stays silent ends after its own time', async () => {
    const { server, url } = await listen(() => ({ data: 1 }))
    server.removeAllListeners('request')
    endings.push(() => stop(server))
    const access = { endpoints: [url], tokenId: 'a@pve!b', tokenSecret: new Secret('x') }
    const http = createProxmoxHttp(access, createDialer())
    endings.push(() => http.close())
    expect(await http.put('/x', {}, { timeoutMs: 20 })).toMatchObject({ error: { kind: 'no-answer', hungUp: false } })
  })
})

test('[pitfall 53] a connection is left before the 100 requests after which Proxmox closes it', async () => {
  const host = await scripted(byPath({ 'GET /version': version }))
  for (let call = 0; call < 100; call++) await host.http.get('/version')
  const counts = Map.groupBy(host.asked, ({ connection }) => connection)
  expect(Math.max(...[...counts.values()].map((calls) => calls.length))).toBeLessThan(100)
  expect(host.asked).toHaveLength(100)
})

describe('whom the client believes', () => {
  async function secure(authority?: { readonly crt: string; readonly key: string }) {
    const { cert, key } = await servingCertificate({ authority, addresses: ['127.0.0.1'] })
    const server = createSecure({ cert, key }, (_, response) => response.end('{"data":{"version":"9"}}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endings.push(() => stop(server))
    const { port } = server.address() as AddressInfo
    return { url: `https://127.0.0.1:${port}`, fingerprint: new X509Certificate(cert).fingerprint256 }
  }
  async function get(url: string, trust: { caPem?: string; fingerprints?: readonly string[] }) {
    const http = createProxmoxHttp(
      { endpoints: [url], tokenId: 'a@pve!b', tokenSecret: new Secret('x'), ...trust },
      createDialer(),
    )
    endings.push(() => http.close())
    return http.get('/version')
  }

  test('a pinned certificate, whoever signed it, and no other', async () => {
    const host = await secure()
    expect(await get(host.url, { fingerprints: [host.fingerprint.toLowerCase()] })).toMatchObject({ ok: true })
    const other = 'AB:'.repeat(31) + 'CD'
    expect(await get(host.url, { fingerprints: [other] })).toMatchObject({
      ok: false,
      error: { kind: 'not-sent', text: expect.stringContaining(host.fingerprint) },
    })
  })

  test('[pitfall 42] every leaf that the pinned CA signed, today and after it was renewed', async () => {
    const authority = (await aBundle()).certs.os
    const caPem = Buffer.from(authority.crt, 'base64').toString()
    const [today, renewed] = [await secure(authority), await secure(authority)]
    expect(today.fingerprint).not.toBe(renewed.fingerprint)
    for (const { url } of [today, renewed]) expect(await get(url, { caPem })).toMatchObject({ ok: true })
    expect(await get(today.url, {})).toMatchObject({ ok: false, error: { kind: 'not-sent' } })
  })
})
