import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFactory, type ImageFactory } from '#lab/factory/factory.ts'
import { readSchematic } from '#lab/factory/schematic.ts'

/** Ids that the real factory gives. Source: its own tests, collected in the project's facts. */
const KNOWN_IDS = [
  ['an empty one', '', '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'],
  ['an empty customization', 'customization: {}', '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'],
  [
    'kernel arguments',
    'customization: { extraKernelArgs: [noapic, nolapic] }',
    '9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c',
  ],
  [
    'meta values',
    'customization: { meta: [{ key: 10, value: foo }] }',
    'd308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f',
  ],
  [
    'secure boot',
    'customization: { secureboot: { includeWellKnownCertificates: true } }',
    'fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6',
  ],
  [
    'a sector size',
    'customization: { diskImage: { sectorSize: 4096 } }',
    '92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea',
  ],
  [
    'an extension',
    'customization: { systemExtensions: { officialExtensions: [siderolabs/qemu-guest-agent] } }',
    'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515',
  ],
] as const

describe('schematics', () => {
  test.each(KNOWN_IDS)('%s has the id that the real factory gives', (_, yaml, id) => {
    expect(readSchematic(yaml)?.id).toBe(id)
  })

  test.each(['customization: { foo: 1 }', '[', 'foo', 'customization: { extraKernelArgs: noapic }'])(
    'refuses what is none: %s',
    (yaml) => {
      expect(readSchematic(yaml)).toBeUndefined()
    },
  )
})

describe('the factory over HTTP', () => {
  let factory: ImageFactory
  beforeAll(async () => {
    factory = await startFactory({ versions: ['v1.14.0'], hostNames: ['factory.example.test'] })
  })
  afterAll(() => factory.close())

  test('makes images only of schematics that were posted, and only of versions that it knows', async () => {
    const { id } = readSchematic('') ?? { id: '' }
    const path = `/image/${id}/v1.14.0/nocloud-amd64.qcow2`
    expect((await fetch(`${factory.url}${path}`)).status).toBe(404)
    expect(factory.images.look(`https://factory.example.test${path}`)).toMatchObject({
      kind: 'http-error',
      status: 404,
    })

    const posted = await fetch(`${factory.url}/schematics`, { method: 'POST', body: 'customization: {}\n' })
    expect([posted.status, await posted.json()]).toEqual([201, { id }])
    expect(await (await fetch(`${factory.url}/schematics/${id}`)).text()).toBe('customization: {}\n')

    expect((await fetch(`${factory.url}${path}`)).status).toBe(200)
    expect((await fetch(`${factory.url}${path.replace('v1.14.0', 'v1.99.0')}`)).status).toBe(404)
    expect(factory.images.look(`https://factory.example.test${path}`)).toMatchObject({
      kind: 'image',
      content: { talosVersion: 'v1.14.0', schematicId: id },
    })
    const head = await fetch(`${factory.url}${path}`, { method: 'HEAD' })
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100 * 1024 ** 2)
  })

  test('refuses text that is no schematic, and other hosts are not its own', async () => {
    expect((await fetch(`${factory.url}/schematics`, { method: 'POST', body: 'a: b: c' })).status).toBe(400)
    expect(factory.images.look('https://elsewhere.example.test/image/x')).toMatchObject({ kind: 'unknown-host' })
  })

  test('is gone while it is offline', async () => {
    const url = `https://factory.example.test/image/${'0'.repeat(64)}/v1.14.0/nocloud-amd64.qcow2`
    factory.setOnline(false)
    expect(factory.images.look(url)).toMatchObject({ kind: 'refused' })
    await expect(fetch(`${factory.url}/versions`)).rejects.toThrow('fetch failed')
    factory.setOnline(true)
    expect(factory.images.look(url)).toMatchObject({ kind: 'http-error' })
  })

  test('lists its versions and extensions', async () => {
    expect(await (await fetch(`${factory.url}/versions`)).json()).toEqual(['v1.14.0'])
    const extensions = (await (await fetch(`${factory.url}/version/v1.14.0/extensions/official`)).json()) as unknown[]
    expect(extensions[0]).toMatchObject({ name: 'siderolabs/iscsi-tools', author: 'Sidero Labs' })
  })
})
