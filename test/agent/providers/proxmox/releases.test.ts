import { describe, expect, test } from 'vitest'
import { imageFileName } from '#agent/providers/image-names.ts'
import { HOST } from '#test/support/proxmox-site.ts'
import { config, GUEST, machine, NODE, scriptedHosts, VM } from './one-guest.ts'
import { byPath, type Said } from './scripted-host.ts'

/** Older releases, and what images are called and where they lie. */
const scripted = scriptedHosts()

const UPID = (type: string) => `UPID:${HOST}:0000014F:00092BAA:6B002818:${type}:2001:lanline@pve!agent:`
const release = (version: string): Said => ({ data: { version } })

describe('releases', () => {
  const created = { [`POST /nodes/${HOST}/qemu`]: { data: UPID('qmcreate') } }
  const iso = { ...machine, boot: { by: 'iso', volumeId: 'local:iso/x.iso' } } as const

  test.each([
    ['9.2.11', true, true],
    ['8.4.1', true, true],
    ['8.3.5', false, true],
    ['8.0.2', false, true],
    ['7.4-17', false, false],
    ['', false, false],
  ])('[pitfall 4] %s makes machines from images: %s, from ISOs: %s', async (version, byImage, byIso) => {
    const host = await scripted(byPath({ [`GET /nodes/${HOST}/version`]: release(version), ...created }))
    const [image, cd] = [await host.provider.startCreation(machine), await host.provider.startCreation(iso)]
    expect([image.ok, cd.ok]).toEqual([byImage, byIso])
    const refused = {
      ok: false,
      error: { code: 'unsupported-version', retry: 'never', facts: { host: HOST, version } },
    }
    expect([byImage ? refused : image, byIso ? refused : cd]).toMatchObject([refused, refused])
  })

  test('[pitfall 40] a key that a host refuses is left out, because nothing was begun', async () => {
    const text =
      'invalid format - format error\nnet0.host-tunnel: property is not defined in schema and the schema does not allow additional properties\n'
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/version`]: release('9.1.1'),
        [`POST /nodes/${HOST}/qemu`]: ({ params }) =>
          params['net0']?.includes('host-tunnel')
            ? { status: 400, reason: 'Parameter verification failed.', errors: { net0: text } }
            : { data: UPID('qmcreate') },
      }),
    )
    expect(await host.provider.startCreation(machine)).toEqual({ ok: true, value: UPID('qmcreate') })
  })

  test('a stop ends a shutdown that waits where the host can do that, and stops all the same where it cannot', async () => {
    const unknown = 'property is not defined in schema and the schema does not allow additional properties'
    const host = await scripted(
      byPath({
        [`GET ${VM}/config`]: { data: config },
        [`GET ${VM}/status/current`]: { data: { status: 'running' } },
        'GET /cluster/resources': { data: [NODE, GUEST] },
        [`POST ${VM}/status/stop`]: ({ params }) =>
          params['overrule-shutdown'] === undefined
            ? { data: UPID('qmstop') }
            : { status: 400, reason: 'Parameter verification failed.', errors: { 'overrule-shutdown': unknown } },
      }),
    )
    expect(await host.provider.startPowerOff(machine)).toEqual({ ok: true, value: UPID('qmstop') })
  })
})

describe('images', () => {
  const image = { host: HOST, storage: 'local', content: 'import', fileName: 'x.qcow2' } as const

  test('[pitfall 4] a storage without the content type is told with the command that adds it', async () => {
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/version`]: release('9.0.3'),
        [`GET /nodes/${HOST}/storage`]: { data: [{ storage: 'local', content: 'vztmpl,iso,backup', active: 1 }] },
      }),
    )
    expect(await host.provider.startDownload(image, 'https://f/x')).toMatchObject({
      ok: false,
      error: { code: 'storage-missing', facts: { run: 'pvesm set local --content backup,import,iso,vztmpl' } },
    })
  })

  test('[pitfall 3] no image is ever asked for in a compression that hosts cannot undo', () => {
    for (const media of ['image', 'iso'] as const)
      for (const secureBoot of [true, false]) {
        const name = imageFileName({ media, secureBoot, talosVersion: 'v1.13.9', schematicId: 'a'.repeat(64) })
        expect(name).toMatch(/\.(qcow2|iso)$/)
      }
  })

  test('[pitfall 5] an image for import and an ISO never lie in the same place', async () => {
    const host = await scripted(byPath({ [`GET /nodes/${HOST}/storage/local/content`]: { data: [] } }))
    for (const content of ['import', 'iso'] as const) await host.provider.findImage({ ...image, content })
    expect(host.asked.map(({ params }) => params['content'])).toEqual(['import', 'iso'])
  })

  test('the name of the plain disk image is the one that older agents gave it', () => {
    const id = 'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515'
    const named = { media: 'image', secureBoot: false, talosVersion: 'v1.13.9', schematicId: id } as const
    expect(imageFileName(named)).toBe('talos-v1.13.9-ce4c9805-nocloud-amd64.qcow2')
  })

  test('[pitfall 6] an upload has a length, and its fields stand before the file, which begins with its disposition', async () => {
    const host = await scripted(
      byPath({
        [`GET /nodes/${HOST}/storage`]: { data: [{ storage: 'local', content: 'iso', active: 1 }] },
        [`POST /nodes/${HOST}/storage/local/upload`]: { data: UPID('imgcopy') },
      }),
    )
    const file = Buffer.from('\x00CD001\r\n--not a boundary\xff', 'latin1')
    const cd = { host: HOST, storage: 'local', content: 'iso', fileName: 'lanline-x.iso' } as const
    expect(await host.provider.startUpload(cd, file)).toEqual({ ok: true, value: UPID('imgcopy') })
    const { headers, body } = host.asked.at(-1)!
    expect(Number(headers['content-length'])).toBe(body.length)
    expect(headers['transfer-encoding']).toBeUndefined()
    const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? ''
    expect(body.toString('latin1').split(`--${boundary}`)).toEqual([
      '',
      '\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n',
      `\r\nContent-Disposition: form-data; name="filename"; filename="lanline-x.iso"\r\nContent-Type: application/octet-stream\r\n\r\n${file.toString('latin1')}\r\n`,
      '--\r\n',
    ])
  })
})
