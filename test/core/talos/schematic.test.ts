import { describe, expect, test } from 'vitest'
import {
  bootFilePath,
  diskImagePath,
  extensionName,
  installerImage,
  installerImageOf,
  schematicId,
  schematicIdOf,
  schematicOf,
  type Schematic,
} from '#core/talos/schematic.ts'
import { schematicYaml } from '#core/talos/schematic-yaml.ts'

const customized = (customization: NonNullable<Schematic['customization']>): Schematic => ({ customization })

/** Ids published by the Image Factory's own tests. */
const KNOWN: readonly (readonly [string, Schematic, string])[] = [
  ['nothing', {}, '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'],
  [
    'kernel arguments',
    customized({ extraKernelArgs: ['noapic', 'nolapic'] }),
    '9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c',
  ],
  [
    'a meta value',
    customized({ meta: [{ key: 10, value: 'foo' }] }),
    'd308a2a5ee2277bed5fbaa104fcbc8d59122abfa737df987a95b4ca763459a7f',
  ],
  [
    'well-known secure boot certificates',
    customized({ secureboot: { includeWellKnownCertificates: true } }),
    'fa8e05f142a851d3ee568eb0a8e5841eaf6b0ebc8df9a63df16ac5ed2c04f3e6',
  ],
  [
    'a sector size',
    customized({ diskImage: { sectorSize: 4096 } }),
    '92833e9ddd9bb9e11b2464fa5525429f01866306d52ebd882ee08d7918f6d1ea',
  ],
  [
    'the guest agent',
    schematicOf(['qemu-guest-agent']),
    'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515',
  ],
]

describe('schematic', () => {
  test.each(KNOWN)('computes the id the factory gives to %s', (_, schematic, id) => {
    expect(schematicId(schematic)).toBe(id)
  })

  test('the same extensions in any order, spelling and number are the same image', () => {
    const id = schematicId(schematicOf(['iscsi-tools', 'qemu-guest-agent']))
    expect(schematicId(schematicOf(['siderolabs/qemu-guest-agent', 'iscsi-tools', 'iscsi-tools']))).toBe(id)
  })

  test('the id of a list of extensions is that of its schematic, each time it is asked', () => {
    const lists = [['zfs'], ['iscsi-tools', 'zfs'], []]
    for (const list of [...lists, ...lists]) expect(schematicIdOf(list)).toBe(schematicId(schematicOf(list)))
    expect(schematicIdOf(undefined)).toBe(schematicId({}))
  })

  test('an empty list of extensions is the plain image', () => {
    expect(schematicYaml(schematicOf([]))).toBe('customization: {}\n')
  })

  test('a short extension name belongs to siderolabs, a full one keeps its owner', () => {
    expect([extensionName('zfs'), extensionName('acme/zfs')]).toEqual(['siderolabs/zfs', 'acme/zfs'])
  })

  test('every field stands where the factory puts it, and empty ones nowhere', () => {
    expect(
      schematicYaml({
        overlay: { image: 'siderolabs/sbc-raspberrypi', name: 'rpi_generic', options: { b: 'x\ny\n', a: true } },
        customization: {
          extraKernelArgs: ['console=ttyS0', 'yes'],
          meta: [{ key: 10, value: 'addresses:\n  - 10.0.0.1/24\n' }],
          systemExtensions: { officialExtensions: ['siderolabs/zfs'] },
          bootloader: 'sd-boot',
          secureboot: { enrollKeys: 'force', includeWellKnownCertificates: true },
          diskImage: { sectorSize: 4096 },
        },
      }),
    ).toBe(EVERY_FIELD)
    const empty = { systemExtensions: { officialExtensions: [] }, extraKernelArgs: [], secureboot: {}, diskImage: {} }
    expect(schematicYaml({ customization: empty })).toBe('customization: {}\n')
  })

  test.each([
    ['nocloud', 'nocloud-installer', 'nocloud-amd64.qcow2'],
    ['metal', 'metal-installer', 'metal-amd64.iso'],
    ['vmware', 'vmware-installer', 'vmware-amd64.ova'],
  ] as const)('names installer and boot file of %s at a factory of one’s own', (platform, installer, file) => {
    const image = { schematicId: 'ab'.repeat(32), version: 'v1.14.0', platform }
    expect(installerImageOf(image, 'factory.home:8080')).toBe(
      `factory.home:8080/${installer}/${'ab'.repeat(32)}:v1.14.0`,
    )
    expect(bootFilePath(image)).toBe(`/image/${'ab'.repeat(32)}/v1.14.0/${file}`)
  })

  test('names the images of a schematic and a version', () => {
    const id = 'ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515'
    expect(installerImage(id, 'v1.13.9')).toBe(`factory.talos.dev/nocloud-installer/${id}:v1.13.9`)
    expect(diskImagePath(id, 'v1.13.9')).toBe(`/image/${id}/v1.13.9/nocloud-amd64.qcow2`)
  })
})

const EVERY_FIELD = `overlay:
    image: siderolabs/sbc-raspberrypi
    name: rpi_generic
    options:
        a: true
        b: |
            x
            y
customization:
    extraKernelArgs:
        - console=ttyS0
        - 'yes'
    meta:
        - key: 10
          value: |
            addresses:
              - 10.0.0.1/24
    systemExtensions:
        officialExtensions:
            - siderolabs/zfs
    bootloader: sd-boot
    secureboot:
        enrollKeys: force
        includeWellKnownCertificates: true
    diskImage:
        sectorSize: 4096
`
