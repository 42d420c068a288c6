import { err, ok, type Result } from '#core/base/result.ts'
import { LaneEnd } from '#core/lane/lane-end.ts'
import { LANE_READY } from '#core/protocol/lane.ts'
import type { LaneTarget } from '#core/protocol/frame-payloads.ts'

/** One stream in a lane of its own, for one request. Its socket goes when the request is over. */
export interface DirectStream {
  /** Credit is granted as it is read, so that a slow reader slows the cluster and fills nothing here. */
  readonly readable: ReadableStream<Uint8Array>
  write(bytes: Uint8Array): void
  /** All of a body, at the pace at which it leaves; then no more. */
  send(body: ReadableStream<Uint8Array> | null): Promise<void>
  /** Why it was cut, once it was. */
  reason(): string | undefined
  close(): void
}

const READY_MS = 15_000

export async function openLane(socket: WebSocket, target: LaneTarget): Promise<Result<DirectStream, string>> {
  socket.binaryType = 'arraybuffer'
  const end = new LaneEnd({ side: 'client', send: (frame) => socket.send(frame), queuedBytes: () => 0 })
  let isReady: (ready: boolean) => void = () => undefined
  const ready = new Promise<boolean>((resolve) => (isReady = resolve))
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') {
      if (data === LANE_READY) isReady(true)
    } else if (end.frame(new Uint8Array(data as ArrayBuffer)) !== undefined) socket.close(1002, 'unreadable')
  })
  socket.addEventListener('close', () => {
    isReady(false)
    end.closed({ code: 'lane-cut', text: 'the agent of the site has gone away' })
  })
  socket.accept()
  const late = setTimeout(() => isReady(false), READY_MS)
  const there = await ready
  clearTimeout(late)
  const stream = there ? end.open(target) : undefined
  if (!stream) {
    socket.close(1000, 'late')
    return err('the agent of the site did not come in time')
  }

  let reason: string | undefined
  let over = false
  let writable: () => void = () => undefined
  let controller: ReadableStreamDefaultController<Uint8Array>
  let unread = 0
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (given) => void (controller = given),
      pull() {
        const consumed = unread
        unread = 0
        if (consumed > 0) stream.consumed(consumed)
      },
      cancel: () => close(),
    },
    { highWaterMark: 1 },
  )
  function finish(): void {
    if (over) return
    over = true
    writable()
    controller.close()
  }
  function close(): void {
    stream?.reset({ code: 'cancelled', text: '' })
    finish()
    socket.close(1000, 'done')
  }
  stream.listen({
    data(bytes) {
      if (over) return
      unread += bytes.byteLength
      controller.enqueue(bytes)
    },
    end: finish,
    writable: () => writable(),
    gone(reset) {
      reason = reset.text || reset.code
      finish()
    },
  })
  return ok({
    readable,
    write: (bytes) => void stream.write(bytes),
    async send(body) {
      for await (const piece of body ?? []) {
        if (over) return
        if (!stream.write(piece)) await new Promise<void>((resolve) => (writable = resolve))
      }
      stream.end()
    },
    reason: () => reason,
    close,
  })
}
