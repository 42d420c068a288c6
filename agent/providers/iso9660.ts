import { invariant } from '#core/base/invariant.ts'

/**
 * A CD image of a few small files in its root, as every system reads it: ISO 9660 with Rock Ridge names, and Joliet
 * beside it for readers that do not know Rock Ridge. The same files give the same bytes.
 *
 * Source: ECMA-119; IEEE P1282 (Rock Ridge) and P1281 (SUSP); the Joliet specification.
 */
export interface IsoFile {
  /** Plain ASCII. */
  readonly name: string
  readonly content: Uint8Array
}

const SECTOR = 2048
/** The layout before the files is fixed; only a directory of one sector is written. */
const PRIMARY = 16
const JOLIET = 17
const TERMINATOR = 18
const PRIMARY_PATHS = { little: 19, big: 20 }
const JOLIET_PATHS = { little: 21, big: 22 }
const PRIMARY_ROOT = 23
const JOLIET_ROOT = 24
const FIRST_FILE = 25
const MAX_FILES = 8
const MAX_NAME_CHARS = 30
const PATH_TABLE_BYTES = 10

/** `label` is what a guest looks the medium up by. */
export function writeIso(label: string, files: readonly IsoFile[]): Uint8Array {
  invariant(files.length <= MAX_FILES, 'a directory of one sector')
  let next = FIRST_FILE
  const placed = files.map((file) => {
    invariant(/^[\x21-\x7e]+$/.test(file.name) && file.name.length <= MAX_NAME_CHARS, 'a short ASCII name')
    const at = next
    next += Math.max(1, Math.ceil(file.content.length / SECTOR))
    return { ...file, at }
  })
  const iso = Buffer.alloc(next * SECTOR)
  volumeDescriptor(iso, PRIMARY, {
    type: 1,
    label: padded(label, 32),
    paths: PRIMARY_PATHS,
    root: PRIMARY_ROOT,
    total: next,
  })
  volumeDescriptor(iso, JOLIET, {
    type: 2,
    label: ucs2(label, 32),
    paths: JOLIET_PATHS,
    root: JOLIET_ROOT,
    total: next,
  })
  iso.write('\xffCD001\x01', TERMINATOR * SECTOR, 'latin1')
  pathTables(iso, PRIMARY_PATHS, PRIMARY_ROOT)
  pathTables(iso, JOLIET_PATHS, JOLIET_ROOT)

  const rockRidge = placed.map((file, index) => ({
    ...file,
    // The plain name is only a place holder: whoever reads it knows neither extension.
    record: Buffer.from(`FILE${index}.;1`, 'latin1'),
    extra: Buffer.concat([posixEntry(0o100644), nameEntry(file.name)]),
  }))
  directory(iso, PRIMARY_ROOT, rockRidge, Buffer.concat([ROCK_RIDGE_BEGINS, posixEntry(0o40755), ROCK_RIDGE_IS_USED]))
  const joliet = placed.map((file) => ({ ...file, record: ucs2(file.name), extra: Buffer.alloc(0) }))
  directory(iso, JOLIET_ROOT, joliet, Buffer.alloc(0))
  for (const { at, content } of placed) iso.set(content, at * SECTOR)
  return iso
}

interface Volume {
  readonly type: 1 | 2
  readonly label: Buffer
  readonly paths: { readonly little: number; readonly big: number }
  readonly root: number
  readonly total: number
}

function volumeDescriptor(iso: Buffer, sector: number, volume: Volume): void {
  const at = sector * SECTOR
  const blank = (from: number, length: number) =>
    volume.type === 1 ? iso.fill(' ', at + from, at + from + length) : ucs2('', length).copy(iso, at + from)
  iso.writeUInt8(volume.type, at)
  iso.write('CD001\x01', at + 1, 'latin1')
  blank(8, 32)
  volume.label.copy(iso, at + 40)
  bothEndian32(iso, at + 80, volume.total)
  // Joliet, level 3.
  if (volume.type === 2) iso.write('%/E', at + 88, 'latin1')
  bothEndian16(iso, at + 120, 1)
  bothEndian16(iso, at + 124, 1)
  bothEndian16(iso, at + 128, SECTOR)
  bothEndian32(iso, at + 132, PATH_TABLE_BYTES)
  iso.writeUInt32LE(volume.paths.little, at + 140)
  iso.writeUInt32BE(volume.paths.big, at + 148)
  directoryRecord({ name: Buffer.from([0]), at: volume.root, bytes: SECTOR, isDirectory: true }).copy(iso, at + 156)
  for (const [from, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const)
    blank(from, length)
  // No date is told: the same files give the same image.
  for (const from of [813, 830, 847, 864]) iso.write('0'.repeat(16), at + from, 'latin1')
  iso.writeUInt8(1, at + 881)
}

function pathTables(iso: Buffer, { little, big }: Volume['paths'], root: number): void {
  for (const at of [little * SECTOR, big * SECTOR]) iso.writeUInt8(1, at)
  iso.writeUInt32LE(root, little * SECTOR + 2)
  iso.writeUInt16LE(1, little * SECTOR + 6)
  iso.writeUInt32BE(root, big * SECTOR + 2)
  iso.writeUInt16BE(1, big * SECTOR + 6)
}

interface Listed {
  readonly record: Buffer
  readonly extra: Buffer
  readonly at: number
  readonly content: Uint8Array
}

function directory(iso: Buffer, sector: number, files: readonly Listed[], selfExtra: Buffer): void {
  const own = { at: sector, bytes: SECTOR, isDirectory: true }
  const records = [
    directoryRecord({ ...own, name: Buffer.from([0]), extra: selfExtra }),
    directoryRecord({ ...own, name: Buffer.from([1]) }),
    ...files
      .toSorted((a, b) => Buffer.compare(a.record, b.record))
      .map(({ record, extra, at, content }) => directoryRecord({ name: record, extra, at, bytes: content.length })),
  ]
  const written = Buffer.concat(records)
  invariant(written.length <= SECTOR, 'a directory of one sector')
  written.copy(iso, sector * SECTOR)
}

function directoryRecord(entry: {
  readonly name: Buffer
  readonly at: number
  readonly bytes: number
  readonly isDirectory?: boolean
  readonly extra?: Buffer
}): Buffer {
  const nameEnd = 33 + entry.name.length + ((33 + entry.name.length) % 2)
  const length = nameEnd + (entry.extra?.length ?? 0)
  const record = Buffer.alloc(length + (length % 2))
  record.writeUInt8(record.length, 0)
  bothEndian32(record, 2, entry.at)
  bothEndian32(record, 10, entry.bytes)
  record.writeUInt8(entry.isDirectory ? 2 : 0, 25)
  bothEndian16(record, 28, 1)
  record.writeUInt8(entry.name.length, 32)
  entry.name.copy(record, 33)
  entry.extra?.copy(record, nameEnd)
  return record
}

/** `SP`: system-use entries begin here. `ER`: they are Rock Ridge. Both stand in the root's own record. */
const ROCK_RIDGE_BEGINS = Buffer.from('SP\x07\x01\xbe\xef\x00', 'latin1')
const ROCK_RIDGE_IS_USED = Buffer.from('ER\x12\x01\x0a\x00\x00\x01RRIP_1991A', 'latin1')

const nameEntry = (name: string): Buffer =>
  Buffer.from(`NM${String.fromCharCode(5 + name.length)}\x01\x00${name}`, 'latin1')

function posixEntry(mode: number): Buffer {
  const entry = Buffer.alloc(36)
  entry.write('PX\x24\x01', 'latin1')
  bothEndian32(entry, 4, mode)
  bothEndian32(entry, 12, 1)
  return entry
}

function bothEndian32(into: Buffer, at: number, value: number): void {
  into.writeUInt32LE(value, at)
  into.writeUInt32BE(value, at + 4)
}

function bothEndian16(into: Buffer, at: number, value: number): void {
  into.writeUInt16LE(value, at)
  into.writeUInt16BE(value, at + 2)
}

const padded = (text: string, length: number): Buffer => Buffer.from(text.padEnd(length, ' '), 'latin1')

/** Big-endian, padded with blanks when a length in bytes is given. */
const ucs2 = (text: string, length = text.length * 2): Buffer =>
  Buffer.from(text.padEnd(length / 2, ' '), 'utf16le').swap16()
