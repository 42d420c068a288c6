/**
 * What differs between the platforms that Talos boots on, as data. The disk image of a virtual platform already holds
 * Talos, so nothing is installed there; bare metal boots a medium that installs to a disk.
 *
 * Source: Talos platforms, image-factory 1.5.0; facts talos.md §3.2 and §6.
 */
export interface Platform {
  /** Part of the names of images and installers, as in `nocloud-amd64.qcow2` and `nocloud-installer`. */
  readonly name: string
  /** The file of the Image Factory that a machine is made from. */
  readonly bootFile: string
  /** The configuration has to say on which disk Talos goes. */
  readonly installs: boolean
}

export type PlatformName = 'nocloud' | 'metal' | 'vmware'

export const PLATFORMS: Readonly<Record<PlatformName, Platform>> = {
  nocloud: { name: 'nocloud', bootFile: 'nocloud-amd64.qcow2', installs: false },
  metal: { name: 'metal', bootFile: 'metal-amd64.iso', installs: true },
  vmware: { name: 'vmware', bootFile: 'vmware-amd64.ova', installs: false },
}
