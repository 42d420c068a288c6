import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { stringify } from 'yaml'

/**
 * An Image Factory schematic: what is built into a Talos image. Its id is a hash of its canonical text, so the name of an
 * image is known before the factory is asked; the factory must still be told the schematic once before it serves it.
 *
 * Source: image-factory 1.5.0; facts talos.md §6.
 */
export interface Schematic {
  readonly overlay?: {
    readonly image: string
    readonly name: string
    readonly options?: Readonly<Record<string, string>>
  }
  readonly customization?: {
    readonly extraKernelArgs?: readonly string[]
    readonly meta?: readonly { readonly key: number; readonly value: string }[]
    readonly systemExtensions?: { readonly officialExtensions: readonly string[] }
    readonly bootloader?: 'auto' | 'dual-boot' | 'grub' | 'sd-boot'
    readonly secureboot?: { readonly enrollKeys?: string; readonly includeWellKnownCertificates?: boolean }
    readonly diskImage?: { readonly sectorSize?: number }
  }
}

/** How much of an id goes into a file name: enough to tell the schematics of one storage apart. */
const SHORT_ID_CHARS = 8
export const FACTORY_HOST = 'factory.talos.dev'

/** `qemu-guest-agent` → `siderolabs/qemu-guest-agent`; a name with an owner stays as it is. */
export const extensionName = (name: string): string => (name.includes('/') ? name : `siderolabs/${name}`)

/** The schematic of a plain image with these official extensions. The order of names does not change the result. */
export function schematicOf(extensions: readonly string[]): Schematic {
  if (extensions.length === 0) return {}
  const officialExtensions = [...new Set(extensions.map(extensionName))].sort()
  return { customization: { systemExtensions: { officialExtensions } } }
}

/** The exact text whose hash is the id. The factory keeps the order of lists, so order them before. */
export function schematicYaml({ overlay, customization = {} }: Schematic): string {
  const { extraKernelArgs, meta, systemExtensions, bootloader, secureboot, diskImage } = customization
  const canonical = {
    overlay: overlay && { image: overlay.image, name: overlay.name, options: overlay.options },
    customization: {
      extraKernelArgs: nonEmpty(extraKernelArgs),
      meta: nonEmpty(meta)?.map(({ key, value }) => ({ key, value })),
      systemExtensions: systemExtensions && { officialExtensions: systemExtensions.officialExtensions },
      bootloader,
      secureboot: secureboot && {
        enrollKeys: secureboot.enrollKeys,
        includeWellKnownCertificates: secureboot.includeWellKnownCertificates,
      },
      diskImage: diskImage && { sectorSize: diskImage.sectorSize },
    },
  }
  return stringify(canonical, { indent: 4, lineWidth: 0 })
}

/** Lower-case hex SHA-256 of the canonical text. */
export const schematicId = (schematic: Schematic): string => bytesToHex(sha256(utf8ToBytes(schematicYaml(schematic))))

/** The installer image that upgrades a machine to `version` and keeps its extensions. */
export const installerImage = (id: string, version: string): string =>
  `${FACTORY_HOST}/nocloud-installer/${id}:${version}`

/** The path of the disk image at the factory. */
export const diskImagePath = (id: string, version: string): string => `/image/${id}/${version}/nocloud-amd64.qcow2`

/** The name of the disk image on a storage; the same image has the same name on every host. */
export const diskImageFileName = (id: string, version: string): string =>
  `talos-${version}-${id.slice(0, SHORT_ID_CHARS)}-nocloud-amd64.qcow2`

const nonEmpty = <T>(list: readonly T[] | undefined): readonly T[] | undefined => (list?.length ? list : undefined)
