/**
 * Names of the Talos images on a storage. The same image has the same name on every host, and the name tells what it is:
 * so it is found again, shared by clusters, and known as ours when it is cleared away.
 */
export interface ImageNamed {
  /** As in `v1.13.9`. */
  readonly talosVersion: string
  readonly schematicId: string
  /** A disk image, or an ISO. */
  readonly media: 'image' | 'iso'
  readonly secureBoot: boolean
}

/** How much of an id goes into a name: enough to tell the schematics of one storage apart. */
const SHORT_ID_CHARS = 8

/** The file at the Image Factory. Source: image-factory 1.5.0; the disk image comes uncompressed, which every release imports. */
export const factoryFileOf = ({ media, secureBoot }: Pick<ImageNamed, 'media' | 'secureBoot'>): string =>
  `nocloud-amd64${secureBoot ? '-secureboot' : ''}.${media === 'iso' ? 'iso' : 'qcow2'}`

export const imageFileName = (image: ImageNamed): string =>
  `talos-${image.talosVersion}-${image.schematicId.slice(0, SHORT_ID_CHARS)}-${factoryFileOf(image)}`

export const isImageFileName = (fileName: string): boolean =>
  /^talos-v\d+\.\d+\.\d+[0-9a-z.-]*-[0-9a-f]{8}-nocloud-amd64(?:-secureboot)?\.(?:qcow2|iso)$/.test(fileName)
