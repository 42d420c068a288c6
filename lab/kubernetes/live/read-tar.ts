/** Entries of a ustar archive that `kubectl cp` streams in: files with their content. Folders and padding are passed over. */
const BLOCK = 512
const REGULAR = new Set(['0', '\0'])

export interface TarFile {
  readonly name: string
  readonly mode: number
  readonly content: Buffer
}

export function readTar(archive: Buffer): readonly TarFile[] {
  const files: TarFile[] = []
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK)
    const name = textOf(header, 0, 100)
    if (name === '') break
    const size = parseInt(textOf(header, 124, 12).trim(), 8) || 0
    const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : ''
    if (REGULAR.has(String.fromCharCode(header[156] ?? 0)))
      files.push({
        name: prefix === '' ? name : `${prefix}/${name}`,
        mode: parseInt(textOf(header, 100, 8).trim(), 8) || 0o644,
        content: Buffer.from(archive.subarray(at + BLOCK, at + BLOCK + size)),
      })
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function textOf(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? length : end).toString('utf8')
}
