/**
 * Reads the root directory of a CD image, by the names that it carries: Rock Ridge, else Joliet, else the plain ones.
 * Undefined for what is no such image. Source: ECMA-119; IEEE P1282; the Joliet specification.
 */
export interface IsoContent {
  /** Volume label, as guests look it up. */
  readonly label: string
  readonly files: ReadonlyMap<string, Buffer>
}

const SECTOR = 2048
const FIRST_DESCRIPTOR = 16
const MAX_DESCRIPTORS = 32
const MAX_ENTRIES = 1000
const PRIMARY = 1
const SUPPLEMENTARY = 2
const END = 255

export function readIso(image: Buffer): IsoContent | undefined {
  const descriptors = descriptorsOf(image)
  const primary = descriptors.find((at) => image.readUInt8(at) === PRIMARY)
  if (primary === undefined) return undefined
  const label = image.toString('latin1', primary + 40, primary + 72).trim()
  const plain = rootEntries(image, primary)
  const joliet = descriptors.find((at) => image.readUInt8(at) === SUPPLEMENTARY && image[at + 88] === 0x25)
  const hasRockRidge = plain.some(({ longName }) => longName !== undefined)
  const entries = hasRockRidge || joliet === undefined ? plain : rootEntries(image, joliet)
  const wide = !hasRockRidge && joliet !== undefined
  return {
    label,
    files: new Map(
      entries.map(({ name, longName, at, bytes }) => [
        longName ?? (wide ? utf16(name) : name.toString('latin1').toLowerCase()).replace(/\.?;1$/, ''),
        image.subarray(at, at + bytes),
      ]),
    ),
  }
}

function descriptorsOf(image: Buffer): number[] {
  const found: number[] = []
  for (let sector = FIRST_DESCRIPTOR; sector < FIRST_DESCRIPTOR + MAX_DESCRIPTORS; sector += 1) {
    const at = sector * SECTOR
    if (at + SECTOR > image.length || image.toString('latin1', at + 1, at + 6) !== 'CD001') break
    if (image.readUInt8(at) === END) break
    found.push(at)
  }
  return found
}

interface Entry {
  readonly name: Buffer
  readonly longName: string | undefined
  readonly at: number
  readonly bytes: number
}

function rootEntries(image: Buffer, descriptor: number): Entry[] {
  const root = descriptor + 156
  const start = image.readUInt32LE(root + 2) * SECTOR
  const end = Math.min(image.length, start + image.readUInt32LE(root + 10))
  const entries: Entry[] = []
  for (let at = start; at < end && entries.length < MAX_ENTRIES;) {
    const length = image.readUInt8(at)
    if (length === 0) {
      // The rest of a sector stays empty when the next record does not fit.
      at = (Math.floor(at / SECTOR) + 1) * SECTOR
      continue
    }
    const record = image.subarray(at, at + length)
    at += length
    const isDirectory = (record.readUInt8(25) & 2) !== 0
    if (isDirectory) continue
    const nameLength = record.readUInt8(32)
    const nameEnd = 33 + nameLength + ((33 + nameLength) % 2)
    entries.push({
      name: record.subarray(33, 33 + nameLength),
      longName: rockRidgeName(record.subarray(nameEnd)),
      at: record.readUInt32LE(2) * SECTOR,
      bytes: record.readUInt32LE(10),
    })
  }
  return entries
}

/** The `NM` entry among those of the system-use area. */
function rockRidgeName(area: Buffer): string | undefined {
  for (let at = 0; at + 5 <= area.length;) {
    const length = area.readUInt8(at + 2)
    if (length < 4) return undefined
    if (area.toString('latin1', at, at + 2) === 'NM') return area.toString('latin1', at + 5, at + length)
    at += length
  }
  return undefined
}

const utf16 = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString('utf16le')
