import { gunzipSync } from 'node:zlib'

/**
 * Files out of the archives that Talos answers with: a gzipped tar, but one that stops after the content of its last
 * file, without padding and without end blocks. Source: facts talos.md §4.4, Kubeconfig.
 */
const BLOCK_BYTES = 512
/** A kubeconfig is 6 KB. More is nothing we asked for, and small archives can be made that unpack for ever. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024

/** Throws when the archive is broken, cut off within the file, or holds no file of that name. */
export function fileIn(archive: Uint8Array, name: string): string {
  const tar = gunzipSync(archive, { maxOutputLength: MAX_UNPACKED_BYTES })
  for (let at = 0; at + BLOCK_BYTES <= tar.length;) {
    const header = tar.subarray(at, at + BLOCK_BYTES)
    const size = sizeIn(header)
    const start = at + BLOCK_BYTES
    if (textIn(header, 0, 100).replace(/^\.\//, '') === name) {
      if (start + size > tar.length) throw new Error(`the archive ends within ${name}`)
      return tar.toString('utf8', start, start + size)
    }
    at = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES
  }
  throw new Error(`the archive holds no ${name}`)
}

function sizeIn(header: Buffer): number {
  const written = textIn(header, 124, 12).trim()
  // An end block is all zeros: an empty file without a name.
  if (!/^[0-7]*$/.test(written)) throw new Error('the archive is broken')
  return written === '' ? 0 : Number.parseInt(written, 8)
}

function textIn(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}
