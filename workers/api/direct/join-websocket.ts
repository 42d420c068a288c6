import { encodeRecord, RECORD, RecordReader, type HeaderPairs } from '#core/lane/direct.ts'
import type { DirectStream } from './open-lane.ts'

/**
 * A person's WebSocket joined with a stream. A Worker's socket tells nobody how much of it has left, so bytes to the person
 * are paced: a burst for what people see, then a rate that every network takes. For more there is the tunnel.
 */
const BURST_BYTES = 4 * 1024 * 1024
const BYTES_PER_MS = (2 * 1024 * 1024) / 1000

export function joinWebSocket(stream: DirectStream, rest: Uint8Array, headers: HeaderPairs): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.binaryType = 'arraybuffer'
  server.accept()
  server.addEventListener('message', ({ data }) =>
    stream.write(
      typeof data === 'string'
        ? encodeRecord(RECORD.text, new TextEncoder().encode(data))
        : encodeRecord(RECORD.binary, new Uint8Array(data as ArrayBuffer)),
    ),
  )
  server.addEventListener('close', () => stream.close())
  void pump(stream, rest, server).catch(() => undefined)
  const protocol = headers.find(([name]) => name === 'sec-websocket-protocol')?.[1]
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: protocol === undefined ? {} : { 'Sec-WebSocket-Protocol': protocol },
  })
}

async function pump(stream: DirectStream, rest: Uint8Array, server: WebSocket): Promise<void> {
  const reader = new RecordReader()
  reader.push(rest)
  const source = stream.readable.getReader()
  let allowance = BURST_BYTES
  let paidAt = Date.now()
  for (;;) {
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      if (record === 'too-long') return server.close(1009, 'too long')
      if (record.type === RECORD.close) return server.close(1000, '')
      server.send(record.type === RECORD.text ? new TextDecoder().decode(record.payload) : record.payload)
      allowance -= record.payload.byteLength
    }
    const now = Date.now()
    allowance = Math.min(BURST_BYTES, allowance + (now - paidAt) * BYTES_PER_MS)
    paidAt = now
    if (allowance < 0) await new Promise((resolve) => setTimeout(resolve, -allowance / BYTES_PER_MS))
    const { done, value } = await source.read()
    if (done) return server.close(1000, '')
    reader.push(value)
  }
}
