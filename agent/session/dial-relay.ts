import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { CONNECT_PATH } from '#core/protocol/enroll.ts'
import { MAX_MESSAGE_CHARS, SUBPROTOCOL } from '#core/protocol/version.ts'
import type { Enrolment } from '../identity/enrolment.ts'
import { signDoorToken } from '../identity/door-token.ts'
import type { Identity } from '../identity/identity.ts'
import type { ControlSocket, Dial, DialFailure, SocketEvents } from './socket.ts'

/** An upgrade through the edge takes well under a second; a half-open network takes for ever. */
const HANDSHAKE_TIMEOUT_MS = 15_000
/** Four bytes for the worst character of UTF-8. */
const MAX_FRAME_BYTES = MAX_MESSAGE_CHARS * 4
const MAX_ANSWER_BYTES = 16 * 1024

const DoorAnswer = z.object({
  code: z.string().max(64).optional(),
  serverTimeMs: z.number().optional(),
})

/** Which keys may open the door. */
export interface DoorKeys {
  readonly current: () => Promise<Identity>
  /** A key whose rotation may have been cut off before its answer came. */
  readonly next?: (() => Promise<Identity | undefined>) | undefined
  /** The door opened to the next key: it takes the current one's place. */
  readonly adoptNext?: (() => void) | undefined
}

/** Opens the control socket at the relay, with a fresh door token each time. `now` is the time the relay believes in. */
export function dialRelay(enrolment: Enrolment, keys: DoorKeys, now: () => number): Dial {
  const url = new URL(CONNECT_PATH, enrolment.relayOrigin)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return async (events) => {
    const opened = await openWith(await keys.current(), events)
    if (opened.ok || opened.error.code !== 'agent-unknown') return opened
    const next = await keys.next?.()
    if (!next) return opened
    const later = await openWith(next, events)
    if (later.ok) keys.adoptNext?.()
    return later.ok ? later : opened
  }

  async function openWith(identity: Identity, events: SocketEvents) {
    const token = await signDoorToken(enrolment, identity, now())
    const socket = new WebSocket(url, SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      followRedirects: false,
      headers: { authorization: `Bearer ${token}` },
    })
    return open(socket, events)
  }
}

function open(socket: WebSocket, events: SocketEvents): Promise<Result<ControlSocket, DialFailure>> {
  return new Promise((resolve) => {
    let opened = false
    socket.on('unexpected-response', (_request, response) => {
      readAnswer(response)
        .then((failure) => resolve(err(failure)))
        .catch((thrown: unknown) => resolve(err({ text: String(thrown), status: response.statusCode })))
        .finally(() => socket.terminate())
    })
    // After the upgrade `close` always follows an error and says all there is to say.
    socket.on('error', (error) => resolve(err({ text: error.message })))
    socket.on('message', (data, isBinary) => {
      if (!isBinary && Buffer.isBuffer(data)) events.message(data.toString('utf8'))
    })
    socket.on('close', (code, reason) => {
      if (opened) events.closed(code, reason.toString('utf8'))
      else resolve(err({ text: `closed with ${code} during the upgrade` }))
    })
    socket.on('open', () => {
      opened = true
      resolve(
        ok({
          send: (frame) => socket.send(frame),
          close: (code, reason) => socket.close(code, reason),
          terminate: () => socket.terminate(),
          queuedBytes: () => socket.bufferedAmount,
        }),
      )
    })
  })
}

async function readAnswer(response: IncomingMessage): Promise<DialFailure> {
  let body = ''
  for await (const chunk of response) {
    body += String(chunk)
    if (body.length > MAX_ANSWER_BYTES) break
  }
  const answer = DoorAnswer.safeParse(parseJson(body))
  const retryAfter = Number(response.headers['retry-after'])
  return {
    text: `the relay answered ${response.statusCode}${answer.data?.code ? ` ${answer.data.code}` : ''}`,
    status: response.statusCode,
    code: answer.data?.code,
    serverTimeMs: answer.data?.serverTimeMs,
    retryAfterMs: retryAfter > 0 ? retryAfter * 1000 : undefined,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
