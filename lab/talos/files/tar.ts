/** Tar, as far as a node writes it: plain files with their sizes. */
const BLOCK_BYTES = 512

/** The header of one file. */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  header.write(name, 0)
  header.write(octal(0o600, 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(0, 12), 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** One file with its header, filled up to whole blocks. */
export function tarFile(name: string, content: Buffer): Buffer {
  const rest = content.length % BLOCK_BYTES
  return Buffer.concat([tarHeader(name, content.length), content, Buffer.alloc(rest === 0 ? 0 : BLOCK_BYTES - rest)])
}
