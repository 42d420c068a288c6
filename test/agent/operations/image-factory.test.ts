import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDialer } from '#agent/dialer.ts'
import { createImageFactory } from '#agent/operations/image-factory.ts'
import { schematicId, schematicOf } from '#core/talos/schematic.ts'
import { startFactory, type ImageFactory } from '#lab/factory/factory.ts'

let factory: ImageFactory
beforeAll(async () => {
  factory = await startFactory({ versions: ['v1.13.9', 'v1.14.0'] })
})
afterAll(() => factory.close())

const client = () => createImageFactory(createDialer(), `${factory.url}/`)
const schematic = schematicOf(['qemu-guest-agent'])
const id = schematicId(schematic)

describe('image factory', () => {
  test('a schematic is told once, and its id is the one computed here', async () => {
    const own = client()
    expect(await own.register(schematic)).toEqual({ ok: true, value: id })
    expect(factory.schematics()).toContain(id)
    factory.setOnline(false)
    expect(await own.register(schematic)).toEqual({ ok: true, value: id })
    expect(await own.register(schematicOf(['zfs']))).toMatchObject({
      ok: false,
      error: { code: 'factory-unreachable' },
    })
    factory.setOnline(true)
  })

  test('says which versions it makes and which extensions a version has', async () => {
    expect(await client().versions()).toEqual({ ok: true, value: ['v1.13.9', 'v1.14.0'] })
    const extensions = await client().extensions('v1.14.0')
    expect(extensions).toMatchObject({
      ok: true,
      value: expect.arrayContaining([expect.objectContaining({ name: 'siderolabs/qemu-guest-agent' })]) as unknown,
    })
    expect(await client().extensions('v1.2.3')).toMatchObject({ ok: false, error: { code: 'image-unavailable' } })
  })

  test('images and installers are those of the factory that was given, for each platform', () => {
    const { host } = new URL(factory.url)
    const own = client()
    expect(own.imageUrl(id, 'v1.14.0')).toBe(`${factory.url}/image/${id}/v1.14.0/nocloud-amd64.qcow2`)
    expect(own.bootFileUrl({ schematicId: id, version: 'v1.14.0', platform: 'metal' })).toBe(
      `${factory.url}/image/${id}/v1.14.0/metal-amd64.iso`,
    )
    expect(own.installerImage({ schematicId: id, version: 'v1.14.0' })).toBe(`${host}/nocloud-installer/${id}:v1.14.0`)
  })
})
