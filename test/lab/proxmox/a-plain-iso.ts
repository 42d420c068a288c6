/** A CD image with nothing but the plain names of ISO 9660, written for tests by hand. */
const SECTOR = 2048
const DIRECTORY = 20
const FIRST_FILE = 21

export function aPlainIso(label: string, files: Readonly<Record<string, string>>): Buffer {
  const placed = Object.entries(files).map(([name, text], index) => ({
    name,
    content: Buffer.from(text),
    at: FIRST_FILE + index,
  }))
  const image = Buffer.alloc((FIRST_FILE + placed.length) * SECTOR)
  const primary = 16 * SECTOR
  image.write('\x01CD001\x01', primary, 'latin1')
  image.write(label.padEnd(32, ' '), primary + 40, 'latin1')
  record('\x00', DIRECTORY, SECTOR, 2).copy(image, primary + 156)
  image.write('\xffCD001\x01', 17 * SECTOR, 'latin1')
  let at = DIRECTORY * SECTOR
  for (const each of [
    record('\x00', DIRECTORY, SECTOR, 2),
    record('\x01', DIRECTORY, SECTOR, 2),
    ...placed.map(({ name, content, at: sector }) => record(`${name.toUpperCase()}.;1`, sector, content.length, 0)),
  ])
    at += each.copy(image, at)
  for (const { content, at: sector } of placed) content.copy(image, sector * SECTOR)
  return image
}

function record(name: string, sector: number, bytes: number, flags: number): Buffer {
  const length = 33 + name.length + ((33 + name.length) % 2)
  const written = Buffer.alloc(length)
  written.writeUInt8(length, 0)
  written.writeUInt32LE(sector, 2)
  written.writeUInt32LE(bytes, 10)
  written.writeUInt8(flags, 25)
  written.writeUInt8(name.length, 32)
  written.write(name, 33, 'latin1')
  return written
}
