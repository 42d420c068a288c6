import { err, ok, type Result } from '#core/base/result.ts'

/**
 * The file format of bolt, etcd's database, as far as a snapshot needs it: two meta pages, an empty list of free pages,
 * a leaf that names the buckets, and one leaf for each bucket, long enough for all its keys.
 * Source: bbolt's page and meta structures; tried with `tx.Check` by way of `talosctl etcd snapshot`.
 */
export type BoltEntry = readonly [key: Buffer, value: Buffer]

const PAGE_BYTES = 4096
const PAGE_HEADER_BYTES = 16
const ELEMENT_BYTES = 16
const MAGIC = 0xed0cdaed
const VERSION = 2
const META_PAGE = 0x04
const FREELIST_PAGE = 0x10
const LEAF_PAGE = 0x02
const BUCKET_ELEMENT = 1
/** Where things lie in a meta page: behind the header, magic number, version, page size and flags. */
const META = { pageSize: 24, root: 32, freelist: 48, highWater: 56, transaction: 64, checksum: 72 } as const
/** The first pages are the metas and the list of free pages; the buckets' names come next. */
const ROOT_PAGE = 3
/** A leaf counts its keys in 16 bits. */
const MAX_ENTRIES = 0xffff

/** A database with these buckets; their keys must be in order. */
export function writeBolt(buckets: readonly (readonly [name: string, entries: readonly BoltEntry[]])[]): Buffer {
  const leaves: Buffer[] = []
  let next = ROOT_PAGE + 1
  const names = buckets.map(([name, entries]): BoltEntry => {
    const page = leaf(next, entries, 0)
    const value = Buffer.alloc(16)
    value.writeBigUInt64LE(BigInt(next), 0)
    leaves.push(page)
    next += page.length / PAGE_BYTES
    return [Buffer.from(name), value]
  })
  const root = leaf(ROOT_PAGE, names, BUCKET_ELEMENT)
  const freelist = Buffer.alloc(PAGE_BYTES)
  writeHeader(freelist, 2, FREELIST_PAGE, 0, 0)
  return Buffer.concat([meta(0, next), meta(1, next), freelist, root, ...leaves])
}

/** The entries of one bucket of a database that `writeBolt` wrote; a tree with branches is not understood. */
export function readBolt(database: Buffer, bucket: string): Result<readonly BoltEntry[], 'not-understood'> {
  const metas = [0, 1].filter((at) => database.length > (at + 1) * PAGE_BYTES && validMeta(database, at))
  const [first] = metas
  if (first === undefined) return err('not-understood')
  const rootPage = Number(database.readBigUInt64LE(first * PAGE_BYTES + META.root))
  const names = readLeaf(database, rootPage)
  if (!names) return err('not-understood')
  const found = names.find(([name]) => name.toString() === bucket)
  const entries = found && readLeaf(database, Number(found[1].readBigUInt64LE(0)))
  return entries ? ok(entries) : err('not-understood')
}

function leaf(id: number, entries: readonly BoltEntry[], flags: number): Buffer {
  if (entries.length > MAX_ENTRIES) throw new Error('a bucket of the lab holds fewer keys than this')
  const bytes = entries.reduce((sum, [key, value]) => sum + ELEMENT_BYTES + key.length + value.length, 0)
  const pageCount = Math.max(1, Math.ceil((PAGE_HEADER_BYTES + bytes) / PAGE_BYTES))
  const page = Buffer.alloc(pageCount * PAGE_BYTES)
  writeHeader(page, id, LEAF_PAGE, entries.length, pageCount - 1)
  let at = PAGE_HEADER_BYTES + entries.length * ELEMENT_BYTES
  entries.forEach(([key, value], index) => {
    const element = PAGE_HEADER_BYTES + index * ELEMENT_BYTES
    page.writeUInt32LE(flags, element)
    page.writeUInt32LE(at - element, element + 4)
    page.writeUInt32LE(key.length, element + 8)
    page.writeUInt32LE(value.length, element + 12)
    at += key.copy(page, at)
    at += value.copy(page, at)
  })
  return page
}

function readLeaf(database: Buffer, id: number): readonly BoltEntry[] | undefined {
  const start = id * PAGE_BYTES
  if (start + PAGE_BYTES > database.length || database.readUInt16LE(start + 8) !== LEAF_PAGE) return undefined
  return Array.from({ length: database.readUInt16LE(start + 10) }, (_, index): BoltEntry => {
    const element = start + PAGE_HEADER_BYTES + index * ELEMENT_BYTES
    const key = element + database.readUInt32LE(element + 4)
    const value = key + database.readUInt32LE(element + 8)
    return [database.subarray(key, value), database.subarray(value, value + database.readUInt32LE(element + 12))]
  })
}

function writeHeader(page: Buffer, id: number, flags: number, count: number, overflow: number): void {
  page.writeBigUInt64LE(BigInt(id), 0)
  page.writeUInt16LE(flags, 8)
  page.writeUInt16LE(count, 10)
  page.writeUInt32LE(overflow, 12)
}

function meta(id: 0 | 1, highWater: number): Buffer {
  const page = Buffer.alloc(PAGE_BYTES)
  writeHeader(page, id, META_PAGE, 0, 0)
  page.writeUInt32LE(MAGIC, PAGE_HEADER_BYTES)
  page.writeUInt32LE(VERSION, PAGE_HEADER_BYTES + 4)
  page.writeUInt32LE(PAGE_BYTES, META.pageSize)
  page.writeBigUInt64LE(BigInt(ROOT_PAGE), META.root)
  page.writeBigUInt64LE(2n, META.freelist)
  page.writeBigUInt64LE(BigInt(highWater), META.highWater)
  page.writeBigUInt64LE(BigInt(id), META.transaction)
  page.writeBigUInt64LE(fnv1a(page.subarray(PAGE_HEADER_BYTES, META.checksum)), META.checksum)
  return page
}

function validMeta(database: Buffer, id: number): boolean {
  const page = database.subarray(id * PAGE_BYTES, (id + 1) * PAGE_BYTES)
  return (
    page.readUInt32LE(PAGE_HEADER_BYTES) === MAGIC &&
    page.readUInt32LE(META.pageSize) === PAGE_BYTES &&
    page.readBigUInt64LE(META.checksum) === fnv1a(page.subarray(PAGE_HEADER_BYTES, META.checksum))
  )
}

function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
