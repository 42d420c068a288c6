/**
 * The web as the hypervisor's downloads see it: what stands behind the address of an image. No bytes move; the lab's
 * download takes the time that `sizeBytes` takes on its line.
 */
export interface ImageSource {
  look(url: string): ImageAnswer
}

export type ImageAnswer =
  | {
      readonly kind: 'image'
      /** What travels. */
      readonly sizeBytes: number
      /** What a disk made of it measures. */
      readonly virtualBytes: number
      readonly sha256: string
      /** What the bytes really are, when that is not what the name says. */
      readonly format?: 'qcow2' | 'raw'
      /** A source slower than the line. */
      readonly kibPerSecond?: number
      /** The source hangs up after this part of the file, every time. */
      readonly cutAfter?: number
      readonly content: { readonly talosVersion: string; readonly schematicId: string } | undefined
    }
  | { readonly kind: 'http-error'; readonly status: number; readonly reason: string }
  | { readonly kind: 'unknown-host'; readonly host: string }
  | { readonly kind: 'refused'; readonly host: string }
  /** Something answers there, but it does not speak TLS. */
  | { readonly kind: 'no-tls'; readonly host: string }
