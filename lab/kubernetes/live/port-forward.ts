import type { WebSocket } from 'ws'
import type { KubeObject } from '../objects.ts'
import { createSpdySession, type SpdyStream } from './spdy/session.ts'

/**
 * `port-forward` over a WebSocket, which carries a SPDY/3.1 session: for each connection a stream for its errors and one
 * for its data, which belong together by their request id.
 *
 * Source: KEP-4006; Kubernetes, pkg/kubelet/util and staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward.
 */
export const PORT_FORWARD_PROTOCOL = 'SPDY/3.1+portforward.k8s.io'
/** Above this nothing more is read until the client has taken what it was sent. */
const MAX_QUEUED_BYTES = 1024 * 1024
/** What stands on this port of every pod of the lab sends back what it is sent; on the others it is HTTP. */
export const ECHO_PORT = 7
const MAX_REQUEST_BYTES = 16 * 1024
const END_OF_REQUEST = '\r\n\r\n'

export function servePortForward(socket: WebSocket, pod: KubeObject): void {
  const errors = new Map<string, SpdyStream>()
  const asked = new Map<number, string>()
  const session = createSpdySession({
    send(bytes) {
      if (socket.readyState !== socket.OPEN) return
      if (socket.bufferedAmount > MAX_QUEUED_BYTES) socket.pause()
      socket.send(bytes, () => socket.isPaused && socket.bufferedAmount <= MAX_QUEUED_BYTES && socket.resume())
    },
    opened(stream) {
      const id = requestOf(stream)
      if (stream.headers.get('streamtype') === 'error') errors.set(id, stream)
      else asked.set(stream.id, '')
    },
    data(stream, bytes) {
      if (!asked.has(stream.id)) return
      if (portOf(stream) === ECHO_PORT) return stream.write(bytes)
      const text = (asked.get(stream.id) ?? '') + bytes.toString('latin1')
      if (text.length > MAX_REQUEST_BYTES) return finish(stream)
      asked.set(stream.id, text)
      if (!text.includes(END_OF_REQUEST)) return
      stream.write(Buffer.from(answerOf(pod.metadata.name, portOf(stream))))
      finish(stream)
    },
    ended: (stream) => finish(stream),
    violated: (why) => socket.close(1002, why.slice(0, 100)),
  })

  /** The connection inside the pod is over, without an error. */
  function finish(stream: SpdyStream): void {
    if (!asked.delete(stream.id)) return
    stream.end()
    const id = requestOf(stream)
    errors.get(id)?.end()
    errors.delete(id)
  }

  socket.on('message', (data) => {
    session.push(Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]))
  })
  socket.once('close', () => session.close())
}

const requestOf = ({ headers }: SpdyStream): string => headers.get('requestid') ?? ''
const portOf = ({ headers }: SpdyStream): number => Number(headers.get('port'))

function answerOf(pod: string, port: number): string {
  const body = `${pod} answers on port ${port}\n`
  return `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
}
