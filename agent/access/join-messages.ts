import type { Duplex } from 'node:stream'
import { encodeRecord, RECORD, RecordReader } from '#core/lane/direct.ts'
import { encodeMessage, MessageReader, OPCODE } from './websocket-frames.ts'

/** Joins the messages of a WebSocket on the LAN with the records of a stream; either side ends the other. */
export function joinMessages(lane: Duplex, webSocket: Duplex, head: Buffer): void {
  const records = new RecordReader()
  const messages = new MessageReader()
  const destroy = (): void => {
    lane.destroy()
    webSocket.destroy()
  }
  const end = (): void => {
    lane.end()
    webSocket.end()
  }

  const fromLan = (piece: Buffer): void => {
    messages.push(piece)
    for (let message = messages.next(); message !== undefined; message = messages.next()) {
      if (message === 'broken') return destroy()
      if (message.opcode === OPCODE.ping) webSocket.write(encodeMessage(OPCODE.pong, message.payload))
      else if (message.opcode === OPCODE.close) {
        lane.write(encodeRecord(RECORD.close, message.payload))
        return end()
      } else if (message.opcode !== OPCODE.pong) {
        const type = message.opcode === OPCODE.text ? RECORD.text : RECORD.binary
        if (!lane.write(encodeRecord(type, message.payload))) webSocket.pause()
      }
    }
  }
  const fromLane = (piece: Buffer): void => {
    records.push(piece)
    for (let record = records.next(); record !== undefined; record = records.next()) {
      if (record === 'too-long') return destroy()
      const opcode =
        record.type === RECORD.close ? OPCODE.close : record.type === RECORD.text ? OPCODE.text : OPCODE.binary
      if (!webSocket.write(encodeMessage(opcode, record.payload))) lane.pause()
    }
  }
  // Nothing of the request is left to come: from here on the stream carries messages.
  lane.unpipe()
  lane.on('data', fromLane)
  lane.on('drain', () => webSocket.resume())
  webSocket.on('data', fromLan)
  webSocket.on('drain', () => lane.resume())
  webSocket.on('error', destroy)
  lane.once('end', () => webSocket.end())
  webSocket.once('end', () => lane.end())
  webSocket.once('close', () => lane.writableEnded || lane.destroy())
  lane.once('close', () => webSocket.destroy())
  lane.resume()
  if (head.length > 0) fromLan(head)
}
