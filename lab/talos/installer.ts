import { err, ok, type Result } from '#core/base/result.ts'
import type { InstalledSystem } from './disk.ts'
import { findEdition } from './edition.ts'

/** What an installer image's reference says: which Talos, made from which schematic. */
export type InstallerProblem = 'no-tag' | 'unknown-version'

/** A reference as `factory.talos.dev/nocloud-installer/<schematic>:v1.14.0`. */
const REFERENCE = /^(?<name>[^@]+):(?<tag>v\d+\.\d+\.\d+[^@:/]*)(?:@sha256:[0-9a-f]{64})?$/
/** Of images that come from no factory. */
const NO_SCHEMATIC = '376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba'

/** Reads the reference. A version of no edition is one no registry has. */
export function readInstaller(reference: string): Result<InstalledSystem, InstallerProblem> {
  const match = REFERENCE.exec(reference)?.groups
  const { name, tag } = match ?? {}
  if (name === undefined || tag === undefined) return err('no-tag')
  if (!findEdition(tag)) return err('unknown-version')
  const schematicId = /\/([0-9a-f]{64})$/.exec(name)?.[1] ?? NO_SCHEMATIC
  return ok({ talosVersion: tag, schematicId })
}

/** What the installer prints while it works, in the order it does. */
export function installerOutput(system: InstalledSystem, diskPath: string): readonly string[] {
  return [
    `running Talos installer ${system.talosVersion}`,
    `installation upgrade started to disk ${diskPath}`,
    `backing up META`,
    `copying /usr/install/amd64/vmlinuz to /boot/B/vmlinuz`,
    `copying /usr/install/amd64/initramfs.xz to /boot/B/initramfs.xz`,
    `writing /boot/grub/grub.cfg to disk`,
    `installing grub to ${diskPath}`,
    `installation of ${system.talosVersion} complete`,
  ]
}
