import { afterEach, expect, test } from 'vitest'
import { createHeaderCodec, SPDY_DICTIONARY, type HeaderCodec } from '#lab/kubernetes/live/spdy/headers.ts'
import { createSpdySession, type SpdySession } from '#lab/kubernetes/live/spdy/session.ts'

/** What kubectl speaks inside the WebSocket of a port-forward, byte by byte; the real kubectl is tried in test/extra. */
const codecs: HeaderCodec[] = []
afterEach(() => codecs.splice(0).forEach((codec) => codec.close()))
function codec(): HeaderCodec {
  const made = createHeaderCodec()
  codecs.push(made)
  return made
}

/** The session echoes whatever a stream is sent, and ends where the client ends. */
function play(): { session: SpdySession; sent: Buffer[]; violations: string[]; opened: string[] } {
  const [sent, violations, opened]: [Buffer[], string[], string[]] = [[], [], []]
  const session = createSpdySession({
    send: (bytes) => sent.push(bytes),
    opened: (stream) => opened.push(`${stream.id} ${stream.headers.get('streamtype')}`),
    data: (stream, bytes) => stream.write(bytes),
    ended: (stream) => stream.end(),
    violated: (why) => violations.push(why),
  })
  return { session, sent, violations, opened }
}

const frame = (first: number, flags: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(first)
  head.writeUInt8(flags, 4)
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}
const SYN = 0x80030001
async function syn(client: HeaderCodec, id: number, type: string): Promise<Buffer> {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt32BE(id)
  return frame(SYN, 0, Buffer.concat([fixed, await client.write(new Map([['streamtype', type]]))]))
}

test('the words that both sides know are those of the standard', () => {
  expect(SPDY_DICTIONARY).toHaveLength(1423)
})

test('what is compressed names the dictionary by the checksum that every client of SPDY/3 looks for', async () => {
  const block = await codec().write(new Map([['port', '80']]))
  expect(block.subarray(2, 6).toString('hex')).toBe('e3c6a7c2')
})

test('streams are opened, answered, echoed and ended, however the bytes are cut', async () => {
  const client = codec()
  const bytes = Buffer.concat([
    await syn(client, 1, 'error'),
    await syn(client, 3, 'data'),
    frame(3, 0, Buffer.from('hello')),
    frame(3, 1, Buffer.alloc(0)),
  ])
  const { session, sent, opened } = play()
  for (const byte of bytes) session.push(Buffer.from([byte]))
  await expect.poll(() => sent.length).toBe(4)
  expect(opened).toEqual(['1 error', '3 data'])
  expect(sent.slice(0, 2).map((reply) => [reply.readUInt32BE(0), reply.readUInt32BE(8)])).toEqual([
    [0x80030002, 1],
    [0x80030002, 3],
  ])
  expect(sent.slice(2)).toEqual([frame(3, 0, Buffer.from('hello')), frame(3, 1, Buffer.alloc(0))])
  session.close()
})

test('a ping is answered with itself', async () => {
  const { session, sent } = play()
  const ping = frame(0x80030006, 0, Buffer.from([0, 0, 0, 5]))
  session.push(ping)
  await expect.poll(() => sent).toEqual([ping])
  session.close()
})

test.each([
  ['a frame that nobody sends in good faith', frame(1, 0, Buffer.alloc(0)).fill(0xff, 5, 8)],
  ['another version', frame(0x80020001, 0, Buffer.alloc(12))],
  ['headers that are no zlib', frame(SYN, 0, Buffer.alloc(40, 0xff))],
  ['a frame too short for its type', frame(SYN, 0, Buffer.alloc(2))],
])('%s ends the session with a reason', async (_what, bytes) => {
  const { session, violations } = play()
  session.push(bytes)
  await expect.poll(() => violations.length).toBe(1)
  session.close()
})
