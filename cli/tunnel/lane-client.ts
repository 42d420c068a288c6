import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { err, ok, type Result } from '#core/base/result.ts'
import { LaneEnd } from '#core/lane/lane-end.ts'
import { MAX_FRAME_BYTES } from '#core/protocol/frame.ts'
import type { LaneTarget } from '#core/protocol/frame-payloads.ts'
import { LANE_CLOSE_CODES, LANE_READY, LANE_SUBPROTOCOL } from '#core/protocol/lane.ts'
import { DEAD_AFTER_MS, PING, PING_EVERY_MS } from '#core/protocol/version.ts'
import { ApiProblem } from '../api/problem.ts'
import { LaneDuplex } from '#agent/lane/lane-duplex.ts'

/**
 * A person's end of the data lane to a site. It is dialled when the first stream is wanted, and again when it was cut;
 * streams that were open then are over, as after any cut of a network.
 */
export interface LaneClient {
  /** A connection to the target, once the target has answered. The error is a sentence for the person. */
  open(target: LaneTarget): Promise<Result<LaneDuplex, string>>
  close(): void
}

/** A ticket, and where it is shown. */
export interface LaneDoor {
  readonly ticket: string
  readonly laneUrl: string
}

interface Open {
  readonly socket: WebSocket
  readonly end: LaneEnd
}

/** The agent is asked, dials and is let in: three round trips. */
const READY_MS = 15_000
/** The agent tries the VIP and three control planes. */
const OPEN_MS = 20_000
const MAX_ANSWER_BYTES = 16 * 1024

export function createLaneClient(door: () => Promise<Result<LaneDoor, string>>): LaneClient {
  let current: Promise<Result<Open, string>> | undefined
  let closed = false

  function lane(): Promise<Result<Open, string>> {
    current ??= dial().then((dialled) => {
      if (!dialled.ok) current = undefined
      return dialled
    })
    return current
  }

  async function dial(): Promise<Result<Open, string>> {
    const entrance = await door()
    if (!entrance.ok) return entrance
    const { ticket, laneUrl } = entrance.value
    const socket = new WebSocket(laneUrl, LANE_SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: READY_MS,
      maxPayload: MAX_FRAME_BYTES,
      followRedirects: false,
      headers: { authorization: `Bearer ${ticket}` },
    })
    const dialled = await readyOrNot(socket)
    if (dialled.ok) keepAlive(dialled.value, () => (current = undefined))
    else socket.terminate()
    return dialled
  }

  return {
    async open(target) {
      for (let tries = 1; ; tries++) {
        if (closed) return err('this tunnel is closing')
        const opened = await lane()
        if (!opened.ok) return opened
        const stream = await openStream(opened.value, target)
        // The lane was about to end when it was used: once more, with a new one.
        if (stream.ok || tries > 1 || opened.value.socket.readyState === WebSocket.OPEN) return stream
      }
    },
    close() {
      closed = true
      void current?.then((opened) => opened.ok && opened.value.socket.close(1000, 'done'))
    },
  }
}

function readyOrNot(socket: WebSocket): Promise<Result<Open, string>> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(err('the agent of the site did not come to the lane in time')), READY_MS)
    const end = new LaneEnd({
      side: 'client',
      send: (frame) => socket.send(frame, { binary: true }, () => end.drained()),
      queuedBytes: () => socket.bufferedAmount,
    })
    socket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) return
      if (!isBinary) {
        if (data.toString('utf8') === LANE_READY) resolve(ok({ socket, end }))
        return
      }
      const fault = end.frame(data)
      if (fault !== undefined) socket.close(1002, fault)
    })
    socket.once('unexpected-response', (_request, response) => {
      void readProblem(response).then((text) => resolve(err(text)))
    })
    socket.on('error', (error) => resolve(err(`the relay cannot be reached: ${error.message}`)))
    socket.once('close', (code, reason) => {
      clearTimeout(late)
      end.closed({ code: 'lane-cut', text: sayClose(code, reason.toString('utf8')) })
      resolve(err(sayClose(code, reason.toString('utf8'))))
    })
  })
}

/** A socket that is silent for too long is dead, whatever the network says. */
function keepAlive({ socket }: Open, onGone: () => void): void {
  let lastHeardAt = Date.now()
  const looking = setInterval(() => {
    if (Date.now() - lastHeardAt >= DEAD_AFTER_MS) return socket.terminate()
    socket.send(PING)
  }, PING_EVERY_MS)
  socket.on('message', () => (lastHeardAt = Date.now()))
  socket.once('close', () => {
    clearInterval(looking)
    onGone()
  })
}

function openStream({ end }: Open, target: LaneTarget): Promise<Result<LaneDuplex, string>> {
  return new Promise((resolve) => {
    const stream = end.open(target)
    if (!stream) return resolve(err('too many connections through this tunnel'))
    const duplex: LaneDuplex = new LaneDuplex(stream, () => {
      clearTimeout(late)
      duplex.off('error', refused)
      resolve(ok(duplex))
    })
    const refused = (error: Error): void => {
      clearTimeout(late)
      resolve(err(error.message))
    }
    duplex.once('error', refused)
    duplex.on('error', () => undefined)
    const late = setTimeout(() => duplex.destroy(new Error('the target did not answer in time')), OPEN_MS)
  })
}

async function readProblem(response: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > MAX_ANSWER_BYTES) break
  }
  try {
    const problem = ApiProblem.safeParse(JSON.parse(body))
    if (problem.success) return `${problem.data.title} ${problem.data.advice ?? ''}`.trim()
  } catch {
    // Not ours: an edge, a login page.
  }
  return `the relay answered ${response.statusCode}`
}

function sayClose(code: number, reason: string): string {
  if (code === LANE_CLOSE_CODES.agentAway) return 'the agent of the site has gone away'
  if (code === LANE_CLOSE_CODES.dismissed) return 'the relay has ended this access'
  return `the lane closed with ${code}${reason ? ` ${reason}` : ''}`
}
