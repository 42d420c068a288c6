import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { YamlMembers } from './go-yaml.ts'
import { schematicYaml } from './schematic-yaml.ts'
import { PLATFORMS, type PlatformName } from './platforms.ts'

/**
 * An Image Factory schematic: what is built into a Talos image. Its id is a hash of its canonical text, so the name of an
 * image is known before the factory is asked; the factory must still be told the schematic once before it serves it.
 *
 * Source: image-factory 1.5.0; facts talos.md §6.
 */
export interface Schematic {
  /** Whose it is, at a factory that keeps schematics private. */
  readonly owner?: string
  readonly overlay?: {
    readonly image: string
    readonly name: string
    /** Free-form: an overlay knows its own. */
    readonly options?: YamlMembers
  }
  readonly customization?: {
    readonly embeddedMachineConfiguration?: string
    readonly extraKernelArgs?: readonly string[]
    readonly meta?: readonly { readonly key: number; readonly value: string }[]
    readonly systemExtensions?: { readonly officialExtensions: readonly string[] }
    readonly bootloader?: 'dual-boot' | 'grub' | 'sd-boot'
    readonly secureboot?: { readonly enrollKeys?: string; readonly includeWellKnownCertificates?: boolean }
    readonly diskImage?: { readonly sectorSize?: number }
  }
}

export const FACTORY_HOST = 'factory.talos.dev'

/** `qemu-guest-agent` → `siderolabs/qemu-guest-agent`; a name with an owner stays as it is. */
export const extensionName = (name: string): string => (name.includes('/') ? name : `siderolabs/${name}`)

/** The schematic of a plain image with these official extensions. The order of names does not change the result. */
export function schematicOf(extensions: readonly string[]): Schematic {
  if (extensions.length === 0) return {}
  const officialExtensions = [...new Set(extensions.map(extensionName))].sort()
  return { customization: { systemExtensions: { officialExtensions } } }
}

/** Lower-case hex SHA-256 of the canonical text. */
export const schematicId = (schematic: Schematic): string => bytesToHex(sha256(utf8ToBytes(schematicYaml(schematic))))

/**
 * The id of a plain image with these official extensions. It is remembered for as long as the list lives: a plan asks for
 * it once for each machine, and all of them have the list of their cluster.
 */
export function schematicIdOf(extensions: readonly string[] = NO_EXTENSIONS): string {
  const known = remembered.get(extensions)
  if (known !== undefined) return known
  const id = schematicId(schematicOf(extensions))
  remembered.set(extensions, id)
  return id
}

const NO_EXTENSIONS: readonly string[] = []
const remembered = new WeakMap<readonly string[], string>()

/** An image of a schematic. The platform is a virtual machine's disk image unless told otherwise. */
export interface ImageOf {
  readonly schematicId: string
  /** As in `v1.13.9`. */
  readonly version: string
  readonly platform?: PlatformName | undefined
  /** The one that is signed; of an installer. */
  readonly secureBoot?: boolean | undefined
}

/**
 * The installer that upgrades a machine to `version` and keeps its extensions. `host` is the factory's, with its port
 * when it has one of its own.
 */
export const installerImageOf = (
  { schematicId, version, platform = 'nocloud', secureBoot = false }: ImageOf,
  host = FACTORY_HOST,
): string => `${host}/${PLATFORMS[platform].name}-installer${secureBoot ? '-secureboot' : ''}/${schematicId}:${version}`

export const installerImage = (id: string, version: string, host = FACTORY_HOST): string =>
  installerImageOf({ schematicId: id, version }, host)

/** Where a factory serves what a machine of the platform boots from, below the factory's address. */
export const bootFilePath = ({ schematicId, version, platform = 'nocloud' }: ImageOf): string =>
  `/image/${schematicId}/${version}/${PLATFORMS[platform].bootFile}`

/** The path of the disk image at the factory. */
export const diskImagePath = (id: string, version: string): string => bootFilePath({ schematicId: id, version })
