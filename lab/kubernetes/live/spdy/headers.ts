import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib'

/**
 * Header blocks of SPDY/3: names and values with their lengths, through one zlib stream for each direction, which starts
 * from words that both sides know.
 *
 * Source: draft-mbelshe-httpbis-spdy-00, 2.6.10; the words are those of its dictionary.
 */
const WORDS = [
  ...'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age'.split(
    ' ',
  ),
  ...'allow authorization cache-control connection content-base content-encoding content-language'.split(' '),
  ...'content-length content-location content-md5 content-range content-type date etag expect expires from'.split(' '),
  ...'host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location'.split(' '),
  ...'max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te'.split(' '),
  ...'trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status'.split(' '),
  '200 OK',
  ...'version HTTP/1.1 url public set-cookie keep-alive origin'.split(' '),
]
const CODES =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable'
const REST =
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.'

export const SPDY_DICTIONARY = Buffer.concat([...WORDS.map(counted), Buffer.from(CODES + REST)])

export type SpdyHeaders = ReadonlyMap<string, string>

export interface HeaderCodec {
  /** Rejects when the block is not what zlib or the format expects. In the order of the frames, one after the other. */
  read(block: Buffer): Promise<SpdyHeaders>
  write(headers: SpdyHeaders): Promise<Buffer>
  close(): void
}

export function createHeaderCodec(): HeaderCodec {
  const settings = { dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH }
  const [inflate, deflate] = [createInflate(settings), createDeflate(settings)]
  return {
    read: async (block) => decode(await through(inflate, block)),
    write: (headers) => through(deflate, encode(headers)),
    close() {
      inflate.destroy()
      deflate.destroy()
    },
  }
}

function through(zlib: Inflate | Deflate, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zlib.once('error', reject)
    zlib.write(bytes, () => {
      zlib.off('error', reject)
      resolve((zlib.read() as Buffer | null) ?? Buffer.alloc(0))
    })
  })
}

function counted(text: string): Buffer {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text))
  bytes.writeUInt32BE(bytes.length - 4)
  bytes.write(text, 4)
  return bytes
}

function encode(headers: SpdyHeaders): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(headers.size)
  return Buffer.concat([count, ...[...headers].flatMap(([name, value]) => [counted(name), counted(value)])])
}

function decode(block: Buffer): SpdyHeaders {
  let at = 4
  const next = (): string => {
    const end = at + 4 + block.readUInt32BE(at)
    if (end > block.length) throw new RangeError('a header goes beyond its block')
    const text = block.toString('utf8', at + 4, end)
    at = end
    return text
  }
  const headers = new Map<string, string>()
  for (let left = block.readUInt32BE(0); left > 0; left--) headers.set(next(), next())
  return headers
}
